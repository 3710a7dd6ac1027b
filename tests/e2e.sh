#!/bin/bash
# Runs the end-to-end tests that any cluster can run (trait Cluster=any) on one with nodes of its own. Usage: e2e.sh k3d|kind|current
#
#   k3d, kind  makes a cluster in Docker, loads the images, says that its nodes have GPUs, runs the tests in its node's network, and deletes it (KEEP=1: not)
#   current    takes the current context of the kubeconfig. Its nodes must know llmops/operator:dev, llmops/gateway:dev and llmops/evaluator:dev, and the engine
#              emulator under the name of vLLM's image; its pods must be reachable from here. What is installed is removed at the end (KEEP=1: not)
set -euo pipefail
cd "$(dirname "$0")/.."
kind_of_cluster=${1:-}
kubectl=${KUBECTL:-kubectl} configuration=${CONFIGURATION:-Release} name=llmops-e2e gpus=8
work=$(realpath -m "${LLMOPS_WORK:-.work}")
say() { echo "e2e: $*"; }
refuse() { echo "e2e: $*" >&2; exit 1; }

case "$kind_of_cluster" in
  k3d | kind)
    docker info >/dev/null 2>&1 || refuse "no Docker engine answers, and nodes of $kind_of_cluster are its containers: start one, or run make test-e2e, which brings a control plane without Docker"
    command -v "$kind_of_cluster" >/dev/null || refuse "$kind_of_cluster is not installed: put it on your PATH, or take another CLUSTER="
    ;;
  current)
    context=$("$kubectl" config current-context 2>/dev/null) || refuse "the kubeconfig has no current context: kubectl config use-context NAME, or set KUBECONFIG"
    "$kubectl" get --raw /readyz >/dev/null 2>&1 || refuse "the API server of context $context does not answer: see kubectl --context $context get --raw /readyz"
    ;;
  "") refuse "which cluster? CLUSTER=k3d, CLUSTER=kind or CLUSTER=current" ;;
  *) refuse "there is no CLUSTER=$kind_of_cluster: take k3d, kind or current" ;;
esac
command -v "$kubectl" >/dev/null || refuse "kubectl is not installed: put it on your PATH, or name it by KUBECTL="
if [ "$kind_of_cluster" = current ] && "$kubectl" get crd llmdeployments.llmops.dev >/dev/null 2>&1; then
  refuse "llmops is installed in the cluster of context $context already, and the tests would remove it: take a cluster without it"
fi

mkdir -p "$work/e2e"
kubeconfig=$work/e2e/kubeconfig
make -s build CONFIGURATION="$configuration"
tests=(dotnet test tests/EndToEnd -c "$configuration" --no-build --nologo --filter Cluster=any)

if [ "$kind_of_cluster" = current ]; then
  (umask 077; "$kubectl" config view --minify --flatten --raw >"$kubeconfig")
  if [ -z "${KEEP:-}" ]; then
    trap 'KUBECONFIG=$kubeconfig make -s undeploy uninstall KUBECTL="$kubectl" >/dev/null || say "not everything could be removed: make undeploy uninstall"' EXIT
  fi
  say "on context $context; its images are its own"
  LLMOPS_TEST_KUBECONFIG=$kubeconfig "${tests[@]}"
  exit
fi

# Engines are played by the emulator, under the name of the image that the operator asks for.
engine=$(sed -n 's/.* PinnedImage = "\(.*\)";/\1/p' src/Operator/Engines/VLlm.cs)
make -s docker-build REGISTRY= TAG=dev
printf 'FROM llmops/emulator:dev\nENTRYPOINT ["/app/LlmOps.EngineEmulator", "vllm"]\n' | docker build --tag "$engine" -
images=(llmops/operator:dev llmops/gateway:dev llmops/evaluator:dev "$engine")

if [ -z "${KEEP:-}" ]; then
  case "$kind_of_cluster" in
    k3d) trap 'k3d cluster delete "$name"' EXIT ;;
    kind) trap 'kind delete cluster --name "$name"' EXIT ;;
  esac
fi
case "$kind_of_cluster" in
  k3d)
    node=k3d-$name-server-0
    k3d cluster create "$name" --no-lb --wait --timeout 180s --kubeconfig-update-default=false
    (umask 077; k3d kubeconfig get "$name" >"$kubeconfig")
    k3d image import --cluster "$name" "${images[@]}"
    ;;
  kind)
    node=$name-control-plane
    kind create cluster --name "$name" --wait 180s --kubeconfig "$kubeconfig"
    kind load docker-image --name "$name" "${images[@]}"
    ;;
esac

# GPUs that are none: kubernetes.io/docs/tasks/administer-cluster/extended-resource-node
"$kubectl" --kubeconfig "$kubeconfig" label nodes --all --overwrite nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3
for found in $("$kubectl" --kubeconfig "$kubeconfig" get nodes -o name); do
  "$kubectl" --kubeconfig "$kubeconfig" patch "$found" --subresource=status --type=json -p "[{\"op\": \"add\", \"path\": \"/status/capacity/nvidia.com~1gpu\", \"value\": \"$gpus\"}]"
  "$kubectl" --kubeconfig "$kubeconfig" wait "$found" --for=jsonpath='{.status.allocatable.nvidia\.com/gpu}'="$gpus" --timeout=60s
done

# The tests speak with pods by their addresses, which the node's network knows and this machine does not.
sed -i 's#server: https://.*#server: https://127.0.0.1:6443#' "$kubeconfig"
dotnet "artifacts/bin/LocalCluster/$(tr '[:upper:]' '[:lower:]' <<<"$configuration")/LlmOps.LocalCluster.dll" tools >/dev/null
docker run --rm --network "container:$node" --user "$(id -u):$(id -g)" --volume "$PWD:$PWD" --volume "$work:$work" --workdir "$PWD" \
  --env HOME=/tmp --env DOTNET_NOLOGO=1 --env LLMOPS_WORK="$work" --env LLMOPS_TEST_KUBECONFIG="$kubeconfig" mcr.microsoft.com/dotnet/sdk:10.0 "${tests[@]}"
