{{- define "protem.labels" -}}
app.kubernetes.io/name: protem
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "protem.selector" -}}
app.kubernetes.io/name: protem
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "protem.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}{{ if not (hasPrefix "@" $tag) }}:{{ end }}{{ $tag }}
{{- end }}

{{- /* One role of the program. Takes: root, role, own (its values), port, probes (YAML). */ -}}
{{- define "protem.deployment" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $root.Release.Name }}-protem-{{ .role }}
  labels:
    {{- include "protem.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  replicas: {{ .own.replicas }}
  selector:
    matchLabels: {{- include "protem.selector" (dict "root" $root "role" .role) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "protem.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
      annotations:
        # Policies are reloaded as they change; the settings are read at the start.
        checksum/config: {{ toYaml $root.Values.config | sha256sum }}
    spec:
      serviceAccountName: {{ $root.Release.Name }}-protem
      terminationGracePeriodSeconds: {{ .own.terminationGracePeriodSeconds }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: protem
          image: {{ include "protem.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [{{ .role }}]
          ports:
            - { name: {{ .port.name }}, containerPort: {{ .port.number }} }
          {{- with $root.Values.existingSecret }}
          envFrom:
            - secretRef: { name: {{ . }} }
          {{- end }}
          {{- with .probes }}
          {{- . | nindent 10 }}
          {{- end }}
          resources: {{- toYaml .own.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: config, mountPath: /etc/protem/protem.yaml, subPath: protem.yaml, readOnly: true }
            {{- if $root.Values.policyConfigMap }}
            - { name: policy, mountPath: /etc/protem/policy, readOnly: true }
            {{- end }}
            {{- if $root.Values.tlsSecret }}
            - { name: tls, mountPath: /etc/protem/tls, readOnly: true }
            {{- end }}
            - { name: tmp, mountPath: /tmp }
      volumes:
        - name: config
          configMap: { name: {{ $root.Release.Name }}-protem }
        {{- with $root.Values.policyConfigMap }}
        - name: policy
          configMap: { name: {{ . }} }
        {{- end }}
        {{- with $root.Values.tlsSecret }}
        - name: tls
          secret: { secretName: {{ . }}, defaultMode: 0440 }
        {{- end }}
        - name: tmp
          emptyDir: { medium: Memory, sizeLimit: 16Mi }
      {{- with $root.Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
