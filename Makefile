# Everything that the tools download or build goes to .work (ignored); LLMOPS_WORK points elsewhere.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1
CONFIGURATION ?= Release
BUILD = dotnet build Operator.sln -c $(CONFIGURATION) -v quiet --nologo -clp:NoSummary

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*##"} /^[a-zA-Z0-9_-]+:.*##/ {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Compile everything; warnings are errors
	@echo "building ($(CONFIGURATION))"; $(BUILD)

.PHONY: fmt
fmt: ## Format the code
	dotnet format Operator.sln whitespace

.PHONY: generate manifests
generate: manifests ## Same as manifests
manifests: ## Generate crds/ and RBAC from the types
	@dotnet run --project src/Manifests -c $(CONFIGURATION) -- --write

.PHONY: lint
lint: build ## Analyzers, formatting and generated files
	@echo "checking formatting"; dotnet format Operator.sln whitespace --verify-no-changes --no-restore
	@echo "checking generated files"; dotnet run --project src/Manifests -c $(CONFIGURATION) --no-build -- --check

.PHONY: test
test: build ## Run all tests, the end-to-end tests on a real API server included
	@CONFIGURATION=$(CONFIGURATION) tests/run.sh

.PHONY: test-unit
test-unit: build ## Run all tests but the end-to-end ones
	@CONFIGURATION=$(CONFIGURATION) tests/run.sh unit

.PHONY: test-e2e
test-e2e: build ## Run only the end-to-end tests
	@CONFIGURATION=$(CONFIGURATION) tests/run.sh e2e

.PHONY: e2e
e2e: ## Run the end-to-end tests on CLUSTER=k3d|kind|current instead of the control plane that they bring; KEEP=1 leaves it
	@CONFIGURATION=$(CONFIGURATION) KUBECTL=$(KUBECTL) KEEP=$(KEEP) tests/e2e.sh "$(CLUSTER)"

.PHONY: fuzz
fuzz: build ## Play 100,000 odd objects (COUNT=) beside one LlmDeployment that serves, before a gateway and the operator: hours
	@for tests in Gateway Operator; do LLMOPS_FUZZ=$(or $(COUNT),100000) dotnet test tests/$$tests.Tests -c $(CONFIGURATION) --no-build --nologo --filter FuzzTests --logger "console;verbosity=detailed" || exit 1; done

.PHONY: faults
faults: build ## Play every fault at every call, behind every write and without every rule, where a test run plays a slice of them: hours
	@export LLMOPS_FAULTS=all; for tests in "Operator.Tests Faults.InjectionTests|Access.PermissionTests" "EndToEnd EndToEnd.Faults"; do read -r project filter <<<"$$tests"; \
	  dotnet test tests/$$project -c $(CONFIGURATION) --no-build --nologo --filter "FullyQualifiedName~$${filter//|/|FullyQualifiedName~}" --logger "console;verbosity=detailed"; done

.PHONY: upgrade
upgrade: build ## Install the chart and programs of FROM= (a tag or commit), upgrade to these mid-canary, roll back, uninstall
	@test -n "$(FROM)" || { echo "say what to upgrade from: make upgrade FROM=TAG"; exit 2; }
	@before=$${LLMOPS_WORK:-$$PWD/.work}/upgrade; rm -rf "$$before"; git worktree prune; git worktree add --detach --force "$$before" "$(FROM)"; trap 'git worktree remove --force "$$before"' EXIT; \
	  for program in Operator Gateway Evaluator; do echo "building $$program of $(FROM)"; dotnet build "$$before/src/$$program" -c $(CONFIGURATION) -v quiet --nologo -clp:NoSummary; done; \
	  LLMOPS_UPGRADE_FROM=$$before dotnet test tests/EndToEnd -c $(CONFIGURATION) --no-build --nologo --filter HelmTests.A_canary_goes_on_through --logger "console;verbosity=detailed"

.PHONY: demo
demo: build ## Play four releases against a live cluster; KEEP=1 leaves it running
	@dotnet run --project tests/Demo -c $(CONFIGURATION) --no-build -- play $(if $(KEEP),--keep)

.PHONY: demo-down
demo-down: ## End what `make demo KEEP=1` left running
	@dotnet run --project tests/Demo -c $(CONFIGURATION) $(if $(wildcard artifacts/bin/Demo),--no-build) -- down

.PHONY: bench
bench: build ## Measure time to revert, the gateway's overhead beside nginx and a direct call, and the operator with 10,000 LlmDeployments
	@dotnet run --project tests/Bench -c $(CONFIGURATION) --no-build

.PHONY: bench-stats
bench-stats: build ## Simulate 10,000 rollouts each: false reverts and time to detect, beside other methods and published tables
	@dotnet run --project tests/Bench -c $(CONFIGURATION) --no-build -- statistics --json artifacts/bench/statistics.json

.PHONY: plugin
plugin: ## Publish kubectl-llm, one file that needs no .NET, to artifacts/plugin; put it on your PATH
	@dotnet publish src/Cli -c $(CONFIGURATION) --use-current-runtime --self-contained -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false \
	  -p:DebugType=none -o artifacts/plugin -v quiet --nologo
	@artifacts/plugin/kubectl-llm completion kubectl >artifacts/plugin/kubectl_complete-llm && chmod +x artifacts/plugin/kubectl_complete-llm
	@rm -f artifacts/plugin/*.xml; ls -l artifacts/plugin

# Machines that the plugin is made for, its version is TAG=; HOMEPAGE= is the repository whose release holds the archives.
RUNTIMES ?= linux-x64 linux-arm64 osx-x64 osx-arm64
HOMEPAGE ?= https://github.com/OWNER/llmops

.PHONY: plugin-archives
plugin-archives: ## Archives of the plugin for all RUNTIMES, their checksums and the krew manifest: artifacts/plugin-archives
	@CONFIGURATION=$(CONFIGURATION) config/krew/archives.sh "$(TAG)" "$(HOMEPAGE)" $(RUNTIMES)

.PHONY: run
run: build ## Run the operator against the current kubeconfig
	@dotnet run --project src/Operator -c $(CONFIGURATION) --no-build --

# Of the current kubeconfig; KUBECTL= and HELM= name others than those of PATH.
KUBECTL ?= kubectl
HELM ?= helm

.PHONY: install uninstall
install: ## Install the CRDs into the current cluster
	$(KUBECTL) apply --server-side -f crds/
# Prompts that serve have a finalizer, which the operator takes away. Where it is gone already nobody would, and the CRD would wait for ever.
uninstall: ## Remove the CRDs and with them EVERY object of these kinds
	@$(KUBECTL) get crd promptversions.llmops.dev >/dev/null 2>&1 || { echo "the CRDs are not installed"; exit 0; }; \
	set -x; $(KUBECTL) delete llmdeployments.llmops.dev --all --all-namespaces; \
	$(KUBECTL) get promptversions.llmops.dev --all-namespaces --no-headers -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name | while read -r ns name; do \
	  $(KUBECTL) -n "$$ns" patch promptversions.llmops.dev "$$name" --type=merge -p '{"metadata":{"finalizers":null}}'; done; \
	$(KUBECTL) delete --ignore-not-found -f crds/

# config/default with the images of REGISTRY and TAG, the evaluator's among them, which is an argument.
RENDER = $(KUBECTL) kustomize config/default | sed -E 's,(^ *image: |--evaluator-image=)llmops/(operator|gateway|evaluator):dev$$,\1$(REGISTRY)llmops/\2:$(TAG),'

.PHONY: deploy undeploy
deploy: ## Install CRDs, operator and gateway into the current cluster, with the images of REGISTRY and TAG
	$(RENDER) | $(KUBECTL) apply --server-side -f -
	@# A kind that was made this moment has no conditions yet, which kubectl takes for an error.
	for try in 1 2 3 4 5 6 7 8 9 10; do $(KUBECTL) wait --for=condition=Established --timeout=60s -f crds/ && exit 0; sleep 1; done; exit 1
undeploy: ## Remove operator and gateway; the CRDs, all LlmDeployments and their engines stay
	$(KUBECTL) delete --ignore-not-found -k config/gateway
	$(KUBECTL) delete --ignore-not-found -k config/manager
	$(KUBECTL) delete --ignore-not-found -k config/rbac
	$(KUBECTL) delete --ignore-not-found -f config/default/namespace.yaml

.PHONY: build-installer chart helm-lint
build-installer: ## Render config/default into one file: dist/install.yaml, with the images of REGISTRY and TAG
	@mkdir -p dist
	$(RENDER) > dist/install.yaml
chart: ## Package the Helm chart in version TAG with images of REGISTRY in its values: artifacts/chart
	@rm -rf artifacts/chart; mkdir -p artifacts/chart; cp -R charts/llmops artifacts/chart/
	@sed -i -E 's#^( +repository: )llmops/#\1$(REGISTRY)llmops/#' artifacts/chart/llmops/values.yaml
	$(HELM) package artifacts/chart/llmops --version $(TAG) --app-version $(TAG) --destination artifacts/chart
helm-lint: ## Lint the Helm chart with the values of its tests
	@for values in tests/Charts.Tests/Golden/*.values.yaml; do $(HELM) lint --strict --quiet charts/llmops --values "$$values"; done

# Images. REGISTRY= (with the slash at its end) and TAG= name them, PLATFORMS= is for docker-buildx.
REGISTRY ?=
TAG ?= dev
PLATFORMS ?= linux/amd64,linux/arm64
IMAGES = operator gateway evaluator emulator
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
IMAGE_ARGUMENTS = --target $$image --build-arg VERSION=$(TAG) --build-arg REVISION=$(REVISION) --tag $(REGISTRY)llmops/$$image:$(TAG) .

.PHONY: docker-build docker-push docker-buildx docker-check image-archives docker-engine
docker-engine:
	@docker info >/dev/null 2>&1 || { echo "no Docker engine answers: start one, or build archives without it by make image-archives" >&2; exit 1; }
docker-build: docker-engine ## Build the images of operator, gateway, evaluator and emulator
	@for image in $(IMAGES); do docker build $(IMAGE_ARGUMENTS) || exit; done
docker-push: docker-engine ## Push the images to REGISTRY
	@for image in $(IMAGES); do docker push $(REGISTRY)llmops/$$image:$(TAG) || exit; done
docker-buildx: docker-engine ## Build for all PLATFORMS, with SBOM and provenance, and push
	@for image in $(IMAGES); do docker buildx build --platform $(PLATFORMS) --sbom=true --provenance=mode=max --push $(IMAGE_ARGUMENTS) || exit; done
docker-check: ## Build the Dockerfile without a container engine, on stand-ins for its base images: artifacts/dockerfile
	@tests/dockerfile.sh $(TAG) $(REVISION)
image-archives: ## Build the images as OCI archives without a container engine: artifacts/images
	@dotnet run --project src/Images -c $(CONFIGURATION) -- --version-tag $(TAG) --revision $(REVISION)

.PHONY: clean
clean: ## Remove build output; .work (downloads, control plane) stays
	rm -rf artifacts dist
