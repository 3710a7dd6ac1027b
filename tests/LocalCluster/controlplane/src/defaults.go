// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Defaulting of the built-in types, after k8s.io/kubernetes/pkg/apis/*/v1/defaults.go
// (which is not among the staging libraries): the fields that operators see.

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func defPtr[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

func defaulter[T any](fn func(*T)) {
	scheme.AddTypeDefaultingFunc(any(new(T)).(runtime.Object), func(o interface{}) { fn(o.(*T)) })
}

func addDefaults() {
	defaulter(func(o *corev1.Pod) { defaultPodSpec(&o.Spec); def(&o.Status.Phase, corev1.PodPending) })
	defaulter(func(o *corev1.Namespace) {
		if o.Name != "" {
			if o.Labels == nil {
				o.Labels = map[string]string{}
			}
			o.Labels[corev1.LabelMetadataName] = o.Name
		}
	})
	defaulter(func(o *corev1.Secret) { def(&o.Type, corev1.SecretTypeOpaque) })
	defaulter(func(o *corev1.Endpoints) {
		for i := range o.Subsets {
			for j := range o.Subsets[i].Ports {
				def(&o.Subsets[i].Ports[j].Protocol, corev1.ProtocolTCP)
			}
		}
	})
	defaulter(func(o *corev1.PersistentVolumeClaim) {
		defPtr(&o.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
		def(&o.Status.Phase, corev1.ClaimPending)
	})
	defaulter(func(o *corev1.Service) {
		def(&o.Spec.Type, corev1.ServiceTypeClusterIP)
		def(&o.Spec.SessionAffinity, corev1.ServiceAffinityNone)
		if o.Spec.Type != corev1.ServiceTypeExternalName {
			defPtr(&o.Spec.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
		}
		for i := range o.Spec.Ports {
			p := &o.Spec.Ports[i]
			def(&p.Protocol, corev1.ProtocolTCP)
			def(&p.TargetPort, intstr.FromInt32(p.Port))
		}
	})
	defaulter(func(o *appsv1.Deployment) {
		defPtr(&o.Spec.Replicas, 1)
		defPtr(&o.Spec.RevisionHistoryLimit, 10)
		defPtr(&o.Spec.ProgressDeadlineSeconds, 600)
		def(&o.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
		if o.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
			defPtr(&o.Spec.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
			defPtr(&o.Spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
			defPtr(&o.Spec.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
		}
		defaultPodSpec(&o.Spec.Template.Spec)
	})
	defaulter(func(o *appsv1.ReplicaSet) { defPtr(&o.Spec.Replicas, 1); defaultPodSpec(&o.Spec.Template.Spec) })
	defaulter(func(o *appsv1.DaemonSet) {
		defPtr(&o.Spec.RevisionHistoryLimit, 10)
		def(&o.Spec.UpdateStrategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
		defaultPodSpec(&o.Spec.Template.Spec)
	})
	defaulter(func(o *appsv1.StatefulSet) {
		defPtr(&o.Spec.Replicas, 1)
		defPtr(&o.Spec.RevisionHistoryLimit, 10)
		def(&o.Spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
		def(&o.Spec.UpdateStrategy.Type, appsv1.RollingUpdateStatefulSetStrategyType)
		if o.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
			defPtr(&o.Spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
			defPtr(&o.Spec.UpdateStrategy.RollingUpdate.Partition, 0)
		}
		defPtr(&o.Spec.PersistentVolumeClaimRetentionPolicy, appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{})
		def(&o.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
		def(&o.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
		for i := range o.Spec.VolumeClaimTemplates {
			defPtr(&o.Spec.VolumeClaimTemplates[i].Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
			def(&o.Spec.VolumeClaimTemplates[i].Status.Phase, corev1.ClaimPending)
		}
		defaultPodSpec(&o.Spec.Template.Spec)
	})
	defaulter(func(o *batchv1.Job) { defaultJobSpec(&o.Spec) })
	defaulter(func(o *batchv1.CronJob) {
		def(&o.Spec.ConcurrencyPolicy, batchv1.AllowConcurrent)
		defPtr(&o.Spec.Suspend, false)
		defPtr(&o.Spec.SuccessfulJobsHistoryLimit, 3)
		defPtr(&o.Spec.FailedJobsHistoryLimit, 1)
		defaultPodSpec(&o.Spec.JobTemplate.Spec.Template.Spec)
	})
	defaulter(func(o *autoscalingv2.HorizontalPodAutoscaler) { defPtr(&o.Spec.MinReplicas, 1) })
	defaulter(func(o *discoveryv1.EndpointSlice) {
		for i := range o.Ports {
			defPtr(&o.Ports[i].Name, "")
			defPtr(&o.Ports[i].Protocol, corev1.ProtocolTCP)
		}
	})
	defaulter(func(o *networkingv1.NetworkPolicy) {
		if len(o.Spec.PolicyTypes) == 0 {
			o.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
			if len(o.Spec.Egress) > 0 {
				o.Spec.PolicyTypes = append(o.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
			}
		}
		for i := range o.Spec.Ingress {
			for j := range o.Spec.Ingress[i].Ports {
				defPtr(&o.Spec.Ingress[i].Ports[j].Protocol, corev1.ProtocolTCP)
			}
		}
		for i := range o.Spec.Egress {
			for j := range o.Spec.Egress[i].Ports {
				defPtr(&o.Spec.Egress[i].Ports[j].Protocol, corev1.ProtocolTCP)
			}
		}
	})
	subjects := func(subjects []rbacv1.Subject, ref *rbacv1.RoleRef) {
		def(&ref.APIGroup, rbacv1.GroupName)
		for i := range subjects {
			if subjects[i].Kind != rbacv1.ServiceAccountKind {
				def(&subjects[i].APIGroup, rbacv1.GroupName)
			}
		}
	}
	defaulter(func(o *rbacv1.RoleBinding) { subjects(o.Subjects, &o.RoleRef) })
	defaulter(func(o *rbacv1.ClusterRoleBinding) { subjects(o.Subjects, &o.RoleRef) })
	rules := func(rules []admissionregistrationv1.RuleWithOperations) {
		for i := range rules {
			defPtr(&rules[i].Scope, admissionregistrationv1.AllScopes)
		}
	}
	defaulter(func(o *admissionregistrationv1.ValidatingWebhookConfiguration) {
		for i := range o.Webhooks {
			w := &o.Webhooks[i]
			defaultWebhook(&w.FailurePolicy, &w.MatchPolicy, &w.NamespaceSelector, &w.ObjectSelector, &w.TimeoutSeconds, &w.ClientConfig)
			rules(w.Rules)
		}
	})
	defaulter(func(o *admissionregistrationv1.MutatingWebhookConfiguration) {
		for i := range o.Webhooks {
			w := &o.Webhooks[i]
			defaultWebhook(&w.FailurePolicy, &w.MatchPolicy, &w.NamespaceSelector, &w.ObjectSelector, &w.TimeoutSeconds, &w.ClientConfig)
			defPtr(&w.ReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)
			rules(w.Rules)
		}
	})
	match := func(m *admissionregistrationv1.MatchResources) {
		if m == nil {
			return
		}
		defPtr(&m.MatchPolicy, admissionregistrationv1.Equivalent)
		defPtr(&m.NamespaceSelector, metav1.LabelSelector{})
		defPtr(&m.ObjectSelector, metav1.LabelSelector{})
		for _, list := range [][]admissionregistrationv1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
			for i := range list {
				defPtr(&list[i].Scope, admissionregistrationv1.AllScopes)
			}
		}
	}
	defaulter(func(o *admissionregistrationv1.ValidatingAdmissionPolicy) {
		defPtr(&o.Spec.FailurePolicy, admissionregistrationv1.Fail)
		match(o.Spec.MatchConstraints)
	})
	defaulter(func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) { match(o.Spec.MatchResources) })
	defaulter(func(o *admissionregistrationv1.MutatingAdmissionPolicy) {
		defPtr(&o.Spec.FailurePolicy, admissionregistrationv1.Fail)
		match(o.Spec.MatchConstraints)
	})
	defaulter(func(o *admissionregistrationv1.MutatingAdmissionPolicyBinding) { match(o.Spec.MatchResources) })
}

func defaultWebhook(fail **admissionregistrationv1.FailurePolicyType, match **admissionregistrationv1.MatchPolicyType,
	ns, obj **metav1.LabelSelector, timeout **int32, cc *admissionregistrationv1.WebhookClientConfig) {
	defPtr(fail, admissionregistrationv1.Fail)
	defPtr(match, admissionregistrationv1.Equivalent)
	defPtr(ns, metav1.LabelSelector{})
	defPtr(obj, metav1.LabelSelector{})
	defPtr(timeout, 10)
	if cc.Service != nil {
		defPtr(&cc.Service.Port, 443)
	}
}

func defaultJobSpec(s *batchv1.JobSpec) {
	if s.Completions == nil && s.Parallelism == nil {
		defPtr(&s.Completions, 1)
	}
	defPtr(&s.Parallelism, 1)
	defPtr(&s.BackoffLimit, 6)
	defPtr(&s.CompletionMode, batchv1.NonIndexedCompletion)
	defPtr(&s.Suspend, false)
	defPtr(&s.ManualSelector, false)
	defPtr(&s.PodReplacementPolicy, batchv1.TerminatingOrFailed)
	defaultPodSpec(&s.Template.Spec)
}

func defaultPodSpec(s *corev1.PodSpec) {
	def(&s.RestartPolicy, corev1.RestartPolicyAlways)
	def(&s.DNSPolicy, corev1.DNSClusterFirst)
	def(&s.SchedulerName, corev1.DefaultSchedulerName)
	def(&s.ServiceAccountName, s.DeprecatedServiceAccount)
	def(&s.DeprecatedServiceAccount, s.ServiceAccountName)
	defPtr(&s.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	defPtr(&s.SecurityContext, corev1.PodSecurityContext{})
	for i := range s.InitContainers {
		defaultContainer(&s.InitContainers[i])
	}
	for i := range s.Containers {
		defaultContainer(&s.Containers[i])
	}
	for i := range s.Volumes {
		v := &s.Volumes[i].VolumeSource
		switch {
		case *v == (corev1.VolumeSource{}):
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		case v.Secret != nil:
			defPtr(&v.Secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
		case v.ConfigMap != nil:
			defPtr(&v.ConfigMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
		case v.DownwardAPI != nil:
			defPtr(&v.DownwardAPI.DefaultMode, corev1.DownwardAPIVolumeSourceDefaultMode)
		case v.Projected != nil:
			defPtr(&v.Projected.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
		case v.HostPath != nil:
			defPtr(&v.HostPath.Type, corev1.HostPathUnset)
		}
	}
}

func defaultContainer(c *corev1.Container) {
	def(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	def(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	tag := c.Image[strings.LastIndex(c.Image, "/")+1:]
	if !strings.Contains(tag, "@") && (!strings.Contains(tag, ":") || strings.HasSuffix(tag, ":latest")) {
		def(&c.ImagePullPolicy, corev1.PullAlways)
	}
	def(&c.ImagePullPolicy, corev1.PullIfNotPresent)
	for i := range c.Ports {
		def(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for i := range c.Env {
		if f := c.Env[i].ValueFrom; f != nil && f.FieldRef != nil {
			def(&f.FieldRef.APIVersion, "v1")
		}
	}
	for name, q := range c.Resources.Limits {
		if _, ok := c.Resources.Requests[name]; !ok {
			if c.Resources.Requests == nil {
				c.Resources.Requests = corev1.ResourceList{}
			}
			c.Resources.Requests[name] = q.DeepCopy()
		}
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p == nil {
			continue
		}
		def(&p.TimeoutSeconds, 1)
		def(&p.PeriodSeconds, 10)
		def(&p.SuccessThreshold, 1)
		def(&p.FailureThreshold, 3)
		if p.HTTPGet != nil {
			def(&p.HTTPGet.Path, "/")
			def(&p.HTTPGet.Scheme, corev1.URISchemeHTTP)
		}
		if p.GRPC != nil {
			defPtr(&p.GRPC.Service, "")
		}
	}
}
