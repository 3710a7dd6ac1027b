#!/bin/bash
# Runs the test projects one after the other and closes with a count of its own:
#   N passed, N failed, N skipped
# A project that ran no test is a failure. Usage: run.sh [all|unit|e2e] [dotnet test arguments]
set -uo pipefail
cd "$(dirname "$0")/.."
which=${1:-all}; shift || true
configuration=${CONFIGURATION:-Release}
results=artifacts/test-results
rm -rf "$results"; mkdir -p "$results"

projects=()
for p in tests/*.Tests tests/EndToEnd; do
  case "$which:$p" in
    unit:tests/EndToEnd) ;;
    e2e:tests/EndToEnd) projects+=("$p") ;;
    e2e:*) ;;
    *) projects+=("$p") ;;
  esac
done

# What the tests download or build, once and where one can see it. Without it the tests that need it say so and are skipped.
echo "preparing kubectl, the API server and the real engine"
dotnet "artifacts/bin/LocalCluster/$(tr '[:upper:]' '[:lower:]' <<<"$configuration")/LlmOps.LocalCluster.dll" tools --all ||
  echo "not everything could be had: tests that need it will say so"

# The images are compiled before and not beside tests that measure time. What goes wrong is told by the test that builds them again.
if [ "$which" != unit ]; then
  echo "compiling the images"
  if make -s image-archives TAG=0.1.0 REVISION=cafe >"$results/images.log" 2>&1; then export LLMOPS_TEST_IMAGES=$PWD/artifacts/images; else echo "no images: tests of them will say why"; fi
  echo "compiling the plugin"
  if { make -s plugin && make -s plugin-archives TAG=0.1.0 RUNTIMES=linux-x64; } >"$results/plugin.log" 2>&1; then export LLMOPS_TEST_PLUGIN=made; else echo "no plugin: tests of it will say why"; fi
  echo "building the Dockerfile"
  if make -s docker-check TAG=0.1.0 REVISION=cafe >"$results/dockerfile.log" 2>&1; then export LLMOPS_TEST_DOCKERFILE=$PWD/artifacts/dockerfile; else echo "no images of the Dockerfile: tests of them will say why"; fi
fi

# The name of each failed test and the beginning of its message, from a trx on standard input.
failures() {
  awk '/<UnitTestResult / { failed = /outcome="Failed"/; lines = 0; message = 0
         if (failed) { match($0, /testName="[^"]*"/); print "failed: " substr($0, RSTART + 10, RLENGTH - 11) } }
       failed && /<Message>/ { message = 1; sub(/.*<Message>/, "") }
       message { text = $0; sub(/<\/Message>.*/, "", text); if (lines++ < 12) print "    " substr(text, 1, 400) }
       /<\/Message>/ { message = 0 }'
}

# What failed in a run without failed tests: the cleanup of a fixture, which the trx has among what the run printed.
cleanup_failures() {
  awk '/<ResultSummary/, /<\/ResultSummary>/' | grep -F '[xUnit.net' | grep -vE 'VSTest Adapter|Discovering:|Discovered:|Starting:|Finished:' | sed 's/<[/]*Text>//g' | head -40 | cut -c1-400
}

total_passed=0 total_failed=0 total_skipped=0 broken=0
for p in "${projects[@]}"; do
  name=$(basename "$p"); trx="$results/$name.trx"; log="$results/$name.log"
  started=$SECONDS
  echo "running $name"
  timeout 2400 dotnet test "$p" -c "$configuration" --no-build --nologo \
    --logger "trx;LogFileName=$PWD/$trx" "$@" >"$log" 2>&1
  code=$?
  counters=$(grep -o '<Counters [^>]*>' "$trx" 2>/dev/null | head -1)
  value() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
  passed=$(value passed) failed=$(value failed) ran=$(value executed) all=$(value total)
  passed=${passed:-0} failed=${failed:-0} ran=${ran:-0} all=${all:-0}
  skipped=$((all - ran))
  printf '%-22s %5d passed %3d failed %3d skipped  %4d s\n' "$name" "$passed" "$failed" "$skipped" $((SECONDS - started))
  total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed)) total_skipped=$((total_skipped + skipped))
  if [ "$skipped" -gt 0 ]; then
    # Every skip with its reason.
    awk '/outcome="NotExecuted"/ { match($0, /testName="[^"]*"/); test = substr($0, RSTART + 10, RLENGTH - 11); reason = "" }
         /outcome="NotExecuted"/, /<\/UnitTestResult>/ { if (match($0, /<(StdOut|Message)>[^<]*/)) reason = substr($0, RSTART, RLENGTH); if (/<\/UnitTestResult>/ || /\/>/) { sub(/<[A-Za-z]*>/, "", reason); print "  skipped: " test (reason ? ": " reason : "") } }' "$trx"
  fi
  if [ "$failed" -gt 0 ] || [ $code -ne 0 ]; then
    grep -vE '^\s*$' "$log" | tail -150
    failures >>"$results/failures.txt" <"$trx"
  fi
  if [ "$failed" -eq 0 ] && [ $code -ne 0 ]; then
    { echo "$name: the test run itself failed (exit $code), see $log"; cleanup_failures <"$trx"; } | tee -a "$results/failures.txt"
    broken=$((broken + 1))
  fi
  if [ "$ran" -eq 0 ]; then echo "$name: no test ran"; broken=$((broken + 1)); fi
done
# Once more at the end, where it is read first.
cat "$results/failures.txt" 2>/dev/null
echo "$total_passed passed, $((total_failed + broken)) failed, $total_skipped skipped"
[ $((total_failed + broken)) -eq 0 ]
