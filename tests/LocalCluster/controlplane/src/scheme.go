// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"reflect"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/kube-openapi/pkg/common"

	"controlplane/openapi"
)

// The in-tree "internal" types of Kubernetes live in k8s.io/kubernetes and are
// not available. The external v1 Go types therefore double as the hub version:
// every kind is registered both as group/v1 and as group/__internal, which makes
// the conversions of the generic registry identities.
var (
	scheme = runtime.NewScheme()
	codecs = serializer.NewCodecFactory(scheme)

	// served lists the group versions that are stored and served, in the
	// priority order of discovery.
	served = []schema.GroupVersion{
		corev1.SchemeGroupVersion, appsv1.SchemeGroupVersion, eventsv1.SchemeGroupVersion,
		authenticationv1.SchemeGroupVersion, authorizationv1.SchemeGroupVersion,
		autoscalingv2.SchemeGroupVersion, autoscalingv1.SchemeGroupVersion, batchv1.SchemeGroupVersion,
		networkingv1.SchemeGroupVersion, policyv1.SchemeGroupVersion, rbacv1.SchemeGroupVersion,
		storagev1.SchemeGroupVersion, admissionregistrationv1.SchemeGroupVersion,
		schedulingv1.SchemeGroupVersion, coordinationv1.SchemeGroupVersion, discoveryv1.SchemeGroupVersion,
	}
	installers = []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, eventsv1.AddToScheme, authenticationv1.AddToScheme,
		authorizationv1.AddToScheme, autoscalingv2.AddToScheme, autoscalingv1.AddToScheme,
		batchv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme,
		storagev1.AddToScheme, admissionregistrationv1.AddToScheme, schedulingv1.AddToScheme,
		coordinationv1.AddToScheme, discoveryv1.AddToScheme,
	}
)

func init() {
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	for _, install := range installers {
		utilruntime.Must(install(scheme))
	}
	for _, gv := range served {
		internal := schema.GroupVersion{Group: gv.Group, Version: runtime.APIVersionInternal}
		for kind, typ := range scheme.KnownTypes(gv) {
			own := strings.HasPrefix(typ.PkgPath(), "k8s.io/api/")
			hpaV1 := gv == autoscalingv1.SchemeGroupVersion && strings.HasPrefix(kind, "HorizontalPod")
			if !own || hpaV1 || gv.Group == eventsv1.GroupName {
				continue
			}
			scheme.AddKnownTypeWithName(internal.WithKind(kind), reflect.New(typ).Interface().(runtime.Object))
		}
		utilruntime.Must(scheme.SetVersionPriority(versionsOf(gv.Group)...))
	}
	// Both events APIs share one storage whose hub is core/v1.
	eventsInternal := schema.GroupVersion{Group: eventsv1.GroupName, Version: runtime.APIVersionInternal}
	scheme.AddKnownTypeWithName(eventsInternal.WithKind("Event"), &corev1.Event{})
	scheme.AddKnownTypeWithName(eventsInternal.WithKind("EventList"), &corev1.EventList{})
	addEventConversions()
	addFieldLabels()
	addDefaults()
}

func versionsOf(group string) (out []schema.GroupVersion) {
	for _, gv := range served {
		if gv.Group == group {
			out = append(out, gv)
		}
	}
	return out
}

func openAPIDefinitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	defs := map[string]common.OpenAPIDefinition{}
	maps.Copy(defs, openapi.GetOpenAPIDefinitions(ref))
	return defs
}

func addEventConversions() {
	toCore := func(in *eventsv1.Event, out *corev1.Event) {
		*out = corev1.Event{ObjectMeta: in.ObjectMeta, InvolvedObject: in.Regarding, Reason: in.Reason,
			Message: in.Note, Source: in.DeprecatedSource, FirstTimestamp: in.DeprecatedFirstTimestamp,
			LastTimestamp: in.DeprecatedLastTimestamp, Count: in.DeprecatedCount, Type: in.Type,
			EventTime: in.EventTime, Action: in.Action, Related: in.Related,
			ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance}
		if in.Series != nil {
			out.Series = &corev1.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
		}
	}
	fromCore := func(in *corev1.Event, out *eventsv1.Event) {
		*out = eventsv1.Event{ObjectMeta: in.ObjectMeta, Regarding: in.InvolvedObject, Reason: in.Reason,
			Note: in.Message, DeprecatedSource: in.Source, DeprecatedFirstTimestamp: in.FirstTimestamp,
			DeprecatedLastTimestamp: in.LastTimestamp, DeprecatedCount: in.Count, Type: in.Type,
			EventTime: in.EventTime, Action: in.Action, Related: in.Related,
			ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance}
		if in.Series != nil {
			out.Series = &eventsv1.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
		}
	}
	convert(func(in *eventsv1.Event, out *corev1.Event) { toCore(in, out) })
	convert(func(in *corev1.Event, out *eventsv1.Event) { fromCore(in, out) })
	convert(func(in *eventsv1.EventList, out *corev1.EventList) {
		out.ListMeta, out.Items = in.ListMeta, make([]corev1.Event, len(in.Items))
		for i := range in.Items {
			toCore(&in.Items[i], &out.Items[i])
		}
	})
	convert(func(in *corev1.EventList, out *eventsv1.EventList) {
		out.ListMeta, out.Items = in.ListMeta, make([]eventsv1.Event, len(in.Items))
		for i := range in.Items {
			fromCore(&in.Items[i], &out.Items[i])
		}
	})
}

func convert[A, B any](fn func(*A, *B)) {
	utilruntime.Must(scheme.AddConversionFunc((*A)(nil), (*B)(nil), func(a, b interface{}, _ conversion.Scope) error {
		fn(a.(*A), b.(*B))
		return nil
	}))
}

// fieldLabels are the field selectors beyond metadata.name and metadata.namespace.
var fieldLabels = map[schema.GroupVersionKind][]string{
	corev1.SchemeGroupVersion.WithKind("Pod"):       {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase", "status.podIP"},
	corev1.SchemeGroupVersion.WithKind("Namespace"): {"status.phase"},
	corev1.SchemeGroupVersion.WithKind("Secret"):    {"type"},
	corev1.SchemeGroupVersion.WithKind("Node"):      {"spec.unschedulable"},
	corev1.SchemeGroupVersion.WithKind("Service"):   {"spec.clusterIP", "spec.type"},
	corev1.SchemeGroupVersion.WithKind("Event"):     {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "type"},
	batchv1.SchemeGroupVersion.WithKind("Job"):      {"status.successful"},
}

func addFieldLabels() {
	fieldLabels[eventsv1.SchemeGroupVersion.WithKind("Event")] = fieldLabels[corev1.SchemeGroupVersion.WithKind("Event")]
	for gvk, names := range fieldLabels {
		utilruntime.Must(scheme.AddFieldLabelConversionFunc(gvk, func(label, value string) (string, string, error) {
			for _, n := range names {
				if n == label {
					return label, value, nil
				}
			}
			return runtime.DefaultMetaV1FieldSelectorConversion(label, value)
		}))
	}
}
