# syntax=docker/dockerfile:1
# The images of the product: docker build --target operator|gateway|evaluator|emulator (make docker-build builds all).
# src/Images/ImageTarget.cs says the same for the archives that need no container engine (make image-archives); a test compares them.
ARG DOTNET=10.0

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:${DOTNET} AS build
WORKDIR /source
COPY . .
ENV DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    PUBLISH="-c Release --self-contained false -p:PublishReadyToRun=true -p:DebugType=none -p:GenerateDocumentationFile=false -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false"

# Arguments are declared in each stage: not every builder hands them down.
FROM build AS build-operator
ARG TARGETARCH
ARG REVISION=unknown
RUN dotnet publish src/Operator -a $TARGETARCH $PUBLISH -p:SourceRevisionId=$REVISION -o /app
FROM build AS build-gateway
ARG TARGETARCH
ARG REVISION=unknown
RUN dotnet publish src/Gateway -a $TARGETARCH $PUBLISH -p:SourceRevisionId=$REVISION -o /app
FROM build AS build-evaluator
ARG TARGETARCH
ARG REVISION=unknown
RUN dotnet publish src/Evaluator -a $TARGETARCH $PUBLISH -p:SourceRevisionId=$REVISION -o /app
FROM build AS build-emulator
ARG TARGETARCH
ARG REVISION=unknown
RUN dotnet publish tests/EngineEmulator -a $TARGETARCH $PUBLISH -p:SourceRevisionId=$REVISION -o /app

# No shell, no package manager; .NET, the libraries it needs, and certificates.
FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET}-noble-chiseled AS base
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="llmops.dev"
# The root file system is read-only; .NET's diagnostics socket would go to /tmp.
ENV PATH=/app DOTNET_EnableDiagnostics=0 DOTNET_RUNNING_IN_CONTAINER=true
WORKDIR /app
USER 1654:1654

FROM base AS operator
LABEL org.opencontainers.image.title="llmops operator"
COPY --from=build-operator /app /app
EXPOSE 8080 8081
ENTRYPOINT ["/app/LlmOps.Operator"]

FROM base AS gateway
LABEL org.opencontainers.image.title="llmops gateway"
COPY --from=build-gateway /app /app
EXPOSE 8000 8001
ENTRYPOINT ["/app/LlmOps.Gateway"]

FROM base AS evaluator
LABEL org.opencontainers.image.title="llmops evaluator"
COPY --from=build-evaluator /app /app
ENTRYPOINT ["/app/LlmOps.Evaluator"]

FROM base AS emulator
LABEL org.opencontainers.image.title="llmops engine emulator"
COPY --from=build-emulator /app /app
COPY tests/EngineEmulator/catalog/demo.json /data/tests/EngineEmulator/catalog/demo.json
COPY config/samples/data/support-cases.jsonl /data/config/samples/data/support-cases.jsonl
ENV EMULATOR_CATALOG=/data/tests/EngineEmulator/catalog/demo.json LLMOPS_BIND_ADDRESS=0.0.0.0
EXPOSE 8000
ENTRYPOINT ["/app/LlmOps.EngineEmulator"]
