{{/* Parts of definitions that occur more than once. */}}

{{/* A condition, as Kubernetes' own objects have them. */}}
{{- define "salesloft-webhooks.conditionSchema" -}}
type: object
description: One of them.
required: [type, status, lastTransitionTime, reason, message]
properties:
  type:
    type: string
    description: What it is about.
    maxLength: 316
    pattern: ^[A-Za-z][A-Za-z0-9]*$
  status:
    type: string
    description: Whether it is so.
    enum: ["True", "False", Unknown]
  observedGeneration:
    type: integer
    format: int64
    description: Of which version of the spec it is said.
    minimum: 0
  lastTransitionTime:
    type: string
    format: date-time
    description: Since when its status is so.
  reason:
    type: string
    description: Why, in one word for programs.
    maxLength: 1024
    minLength: 1
    pattern: ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$
  message:
    type: string
    description: Why, in a sentence for people.
    maxLength: 32768
{{- end }}

{{/* Where in a Secret something is: the entry when none is named. */}}
{{- define "salesloft-webhooks.secretReferenceSchema" -}}
required: [name]
properties:
  name:
    type: string
    description: Name of a Secret in this namespace.
    minLength: 1
    maxLength: 253
  key:
    type: string
    description: Entry of that Secret.
    default: {{ . }}
    minLength: 1
    maxLength: 253
{{- end }}

{{/* The two limits of what is limited, which is named. */}}
{{- define "salesloft-webhooks.limitSchemas" -}}
maxRunning:
  type: integer
  format: int64
  description: How many {{ . }} run at once.
  minimum: 1
  maximum: 100000
rate:
  type: string
  description: How many {{ . }} begin, such as 10/s, 100/min, 5000/h or 100/min burst 20.
  maxLength: 40
  pattern: '^(([1-9][0-9]{0,3}|10000)/s|([1-9][0-9]{0,4}|[1-5][0-9]{5}|600000)/min|([1-9][0-9]{0,6}|[12][0-9]{7}|3[0-5][0-9]{6}|36000000)/h)( burst ([1-9][0-9]{0,4}|100000))?$'
{{- end }}
