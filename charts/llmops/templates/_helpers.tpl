{{/* Base of all names: at most 40 characters, so that suffixes of objects, and the hashes of pods behind them, fit into 63. */}}
{{- define "llmops.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that find the pods of a component. Never change: selectors of Deployments cannot. Takes (dict "root" $ "component" "operator"). */}}
{{- define "llmops.selector" -}}
app.kubernetes.io/name: llmops-{{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end -}}

{{/* Labels of every object. Takes (dict "root" $) and, for those of a component, "component"; for an object with its own, "own". */}}
{{- define "llmops.labels" -}}
{{- if .component }}
{{- include "llmops.selector" . }}
app.kubernetes.io/component: {{ .component }}
{{- else -}}
app.kubernetes.io/name: llmops
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end }}
app.kubernetes.io/part-of: llmops
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with merge (dict) (.own | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of a component's pods: no version, so that a release that changes nothing about them leaves them alone. Takes "root" and "component". */}}
{{- define "llmops.podLabels" -}}
{{- include "llmops.selector" . }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: llmops
{{- with merge (dict) (index .root.Values .component).podLabels .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The line `annotations:` and what is below it, or nothing. Takes "root" and, for an object with its own, "own". */}}
{{- define "llmops.annotations" -}}
{{- with merge (dict) (.own | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An image. Takes "root" and "image". */}}
{{- define "llmops.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Name of a component's service account. Takes "root" and "component". */}}
{{- define "llmops.serviceAccount" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- if $account.create -}}
{{ $account.name | default (printf "%s-%s" (include "llmops.fullname" .root) .component) }}
{{- else -}}
{{ $account.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* The part of a pod's spec that operator and gateway have in common. Takes "root" and "component". */}}
{{- define "llmops.pod" -}}
{{- $values := index .root.Values .component -}}
serviceAccountName: {{ include "llmops.serviceAccount" . }}
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- merge (dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault")) $values.podSecurityContext | toYaml | nindent 2 }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $values.topologySpread }}
topologySpreadConstraints:
  {{- $selector := include "llmops.selector" . }}
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    # Pods of the version before do not count while a new one is rolled out.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Security context of every container: Pod Security `restricted`, and a root file system that nobody writes to. */}}
{{- define "llmops.container.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}
