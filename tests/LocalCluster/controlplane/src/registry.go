// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// resource describes one built-in resource; everything that the generic
// registry needs is derived from it.
type resource struct {
	gv            schema.GroupVersion
	name, kind    string
	short         []string
	categories    []string
	cluster       bool // cluster scoped
	status, scale bool // has the subresource
	generation    bool // metadata.generation counts changes of the desired state
	orphan        bool // dependents are orphaned by default (batch/v1 jobs)
	nameFn        validation.ValidateNameFunc
	prepare       func(obj, old runtime.Object)
	validate      func(obj, old runtime.Object) field.ErrorList
	columns       []column
}

type column struct {
	name string
	cell func(runtime.Object) interface{}
}

func (r *resource) newObject() runtime.Object {
	o, err := scheme.New(r.gv.WithKind(r.kind))
	if err != nil {
		panic(err)
	}
	return o
}

func (r *resource) newList() runtime.Object {
	o, err := scheme.New(r.gv.WithKind(r.kind + "List"))
	if err != nil {
		panic(err)
	}
	return o
}

// desired calls fn for every top level field of the object that is neither
// metadata nor status.
func desired(obj runtime.Object, fn func(name string, value reflect.Value)) {
	v := reflect.ValueOf(obj).Elem()
	for i := 0; i < v.NumField(); i++ {
		switch name := v.Type().Field(i).Name; name {
		case "TypeMeta", "ObjectMeta", "Status":
		default:
			fn(name, v.Field(i))
		}
	}
}

func fieldOf(obj runtime.Object, name string) reflect.Value {
	return reflect.ValueOf(obj).Elem().FieldByName(name)
}

// strategy is the create, update and delete strategy of the main resource.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
	*resource
}

var _ rest.RESTGracefulDeleteStrategy = strategy{}

func (s strategy) NamespaceScoped() bool                                            { return !s.cluster }
func (s strategy) AllowCreateOnUpdate() bool                                        { return s.kind == "Lease" || s.kind == "Node" }
func (s strategy) AllowUnconditionalUpdate() bool                                   { return true }
func (s strategy) Canonicalize(runtime.Object)                                      {}
func (s strategy) WarningsOnCreate(context.Context, runtime.Object) []string        { return nil }
func (s strategy) WarningsOnUpdate(_ context.Context, _, _ runtime.Object) []string { return nil }

func (s strategy) DefaultGarbageCollectionPolicy(context.Context) rest.GarbageCollectionPolicy {
	if s.orphan {
		return rest.OrphanDependents
	}
	return rest.DeleteDependents
}

// CheckGracefulDelete gives the node that runs a pod time to end it, as
// podStrategy of Kubernetes does: the object goes when the node deletes it with
// a grace period of 0. Nobody has to be asked for a pod that no node runs.
func (s strategy) CheckGracefulDelete(_ context.Context, obj runtime.Object, options *metav1.DeleteOptions) bool {
	pod, ok := obj.(*corev1.Pod)
	if !ok || options == nil {
		return false
	}
	period := int64(0)
	switch {
	case pod.Spec.NodeName == "", pod.Status.Phase == corev1.PodFailed, pod.Status.Phase == corev1.PodSucceeded:
	case options.GracePeriodSeconds != nil:
		period = max(*options.GracePeriodSeconds, 0)
	case pod.Spec.TerminationGracePeriodSeconds != nil:
		period = *pod.Spec.TerminationGracePeriodSeconds
	}
	options.GracePeriodSeconds = &period
	return true
}

func (s strategy) PrepareForCreate(_ context.Context, obj runtime.Object) {
	if s.status {
		fieldOf(obj, "Status").SetZero()
	}
	if s.generation {
		obj.(metav1.Object).SetGeneration(1)
	}
	if s.prepare != nil {
		s.prepare(obj, nil)
	}
	scheme.Default(obj)
}

func (s strategy) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	if s.status {
		fieldOf(obj, "Status").Set(fieldOf(old, "Status"))
	}
	if s.prepare != nil {
		s.prepare(obj, old)
	}
	if s.generation {
		generation := old.(metav1.Object).GetGeneration()
		changed := false
		desired(obj, func(name string, v reflect.Value) {
			changed = changed || !apiequality.Semantic.DeepEqual(v.Interface(), fieldOf(old, name).Interface())
		})
		if changed {
			generation++
		}
		obj.(metav1.Object).SetGeneration(generation)
	}
}

func (s strategy) Validate(_ context.Context, obj runtime.Object) field.ErrorList {
	nameFn := s.nameFn
	if nameFn == nil {
		nameFn = validation.NameIsDNSSubdomain
	}
	errs := validation.ValidateObjectMetaAccessor(obj.(metav1.Object), !s.cluster, nameFn, field.NewPath("metadata"))
	if s.validate != nil {
		errs = append(errs, s.validate(obj, nil)...)
	}
	return errs
}

func (s strategy) ValidateUpdate(_ context.Context, obj, old runtime.Object) field.ErrorList {
	errs := validation.ValidateObjectMetaAccessorUpdate(obj.(metav1.Object), old.(metav1.Object), field.NewPath("metadata"))
	if s.validate != nil {
		errs = append(errs, s.validate(obj, old)...)
	}
	return errs
}

func (s strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	set := fieldpath.NewSet()
	if s.status {
		set.Insert(fieldpath.MakePathOrDie("status"))
	}
	return map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(s.gv.String()): set}
}

// statusStrategy lets an update of the status subresource change nothing but
// the status and the metadata other than labels.
type statusStrategy struct{ strategy }

func (s statusStrategy) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	desired(obj, func(name string, v reflect.Value) { v.Set(fieldOf(old, name)) })
	n, o := obj.(metav1.Object), old.(metav1.Object)
	n.SetLabels(o.GetLabels())
	n.SetOwnerReferences(o.GetOwnerReferences())
	n.SetGeneration(o.GetGeneration())
}

func (s statusStrategy) ValidateUpdate(_ context.Context, obj, old runtime.Object) field.ErrorList {
	return validation.ValidateObjectMetaAccessorUpdate(obj.(metav1.Object), old.(metav1.Object), field.NewPath("metadata"))
}

func (s statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	set := fieldpath.NewSet(fieldpath.MakePathOrDie("metadata", "labels"), fieldpath.MakePathOrDie("metadata", "ownerReferences"))
	desired(s.newObject(), func(name string, _ reflect.Value) {
		set.Insert(fieldpath.MakePathOrDie(strings.ToLower(name[:1]) + name[1:]))
	})
	return map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(s.gv.String()): set}
}

// storeREST is the storage of a main resource.
type storeREST struct {
	*genericregistry.Store
	res *resource
}

var _ rest.StandardStorage = &storeREST{}

func (s *storeREST) ShortNames() []string { return s.res.short }
func (s *storeREST) Categories() []string { return s.res.categories }

// subREST serves get, update and patch of a subresource that has the type of
// its parent, through a copy of the parent's store with another strategy.
type subREST struct{ store *genericregistry.Store }

func (s *subREST) New() runtime.Object { return s.store.New() }
func (s *subREST) Destroy()            {}
func (s *subREST) Get(ctx context.Context, name string, o *metav1.GetOptions) (runtime.Object, error) {
	return s.store.Get(ctx, name, o)
}
func (s *subREST) Update(ctx context.Context, name string, info rest.UpdatedObjectInfo, cv rest.ValidateObjectFunc, uv rest.ValidateObjectUpdateFunc, _ bool, o *metav1.UpdateOptions) (runtime.Object, bool, error) {
	return s.store.Update(ctx, name, info, cv, uv, false, o)
}
func (s *subREST) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.store.GetResetFields()
}
func (s *subREST) ConvertToTable(ctx context.Context, o, opts runtime.Object) (*metav1.Table, error) {
	return s.store.ConvertToTable(ctx, o, opts)
}

// scaleREST serves autoscaling/v1 Scale of a workload.
type scaleREST struct{ store *genericregistry.Store }

func (s *scaleREST) New() runtime.Object { return &autoscalingv1.Scale{} }
func (s *scaleREST) Destroy()            {}
func (s *scaleREST) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return autoscalingv1.SchemeGroupVersion.WithKind("Scale")
}
func (s *scaleREST) ConvertToTable(ctx context.Context, o, opts runtime.Object) (*metav1.Table, error) {
	return s.store.ConvertToTable(ctx, o, opts)
}
func (s *scaleREST) Get(ctx context.Context, name string, o *metav1.GetOptions) (runtime.Object, error) {
	obj, err := s.store.Get(ctx, name, o)
	if err != nil {
		return nil, err
	}
	return scaleOf(obj)
}
func (s *scaleREST) Update(ctx context.Context, name string, info rest.UpdatedObjectInfo, cv rest.ValidateObjectFunc, uv rest.ValidateObjectUpdateFunc, _ bool, o *metav1.UpdateOptions) (runtime.Object, bool, error) {
	obj, _, err := s.store.Update(ctx, name, &scaleUpdate{info}, nil2create(cv), func(ctx context.Context, obj, old runtime.Object) error {
		if uv == nil {
			return nil
		}
		newScale, err := scaleOf(obj)
		if err != nil {
			return err
		}
		oldScale, err := scaleOf(old)
		if err != nil {
			return err
		}
		return uv(ctx, newScale, oldScale)
	}, false, o)
	if err != nil {
		return nil, false, err
	}
	scale, err := scaleOf(obj)
	return scale, false, err
}

func nil2create(cv rest.ValidateObjectFunc) rest.ValidateObjectFunc {
	if cv == nil {
		return rest.ValidateAllObjectFunc
	}
	return cv
}

type scaleUpdate struct{ rest.UpdatedObjectInfo }

func (u *scaleUpdate) UpdatedObject(ctx context.Context, old runtime.Object) (runtime.Object, error) {
	oldScale, err := scaleOf(old)
	if err != nil {
		return nil, err
	}
	obj, err := u.UpdatedObjectInfo.UpdatedObject(ctx, oldScale)
	if err != nil {
		return nil, err
	}
	scale, ok := obj.(*autoscalingv1.Scale)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("expected a Scale, got %T", obj))
	}
	if scale.Spec.Replicas < 0 {
		return nil, apierrors.NewInvalid(autoscalingv1.SchemeGroupVersion.WithKind("Scale").GroupKind(), scale.Name,
			field.ErrorList{field.Invalid(field.NewPath("spec", "replicas"), scale.Spec.Replicas, "must be greater than or equal to 0")})
	}
	out := old.DeepCopyObject()
	replicas := scale.Spec.Replicas
	fieldOf(out, "Spec").FieldByName("Replicas").Set(reflect.ValueOf(&replicas))
	out.(metav1.Object).SetResourceVersion(scale.ResourceVersion)
	return out, nil
}

func scaleOf(obj runtime.Object) (*autoscalingv1.Scale, error) {
	o := obj.(metav1.Object)
	spec, status := fieldOf(obj, "Spec"), fieldOf(obj, "Status")
	selector, err := metav1.LabelSelectorAsSelector(spec.FieldByName("Selector").Interface().(*metav1.LabelSelector))
	if err != nil {
		return nil, err
	}
	scale := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(),
			ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp()},
		Status: autoscalingv1.ScaleStatus{Replicas: int32(status.FieldByName("Replicas").Int()), Selector: selector.String()},
	}
	if r := spec.FieldByName("Replicas"); !r.IsNil() {
		scale.Spec.Replicas = int32(r.Elem().Int())
	}
	return scale, nil
}

// build creates the store of the resource and adds it, with its
// subresources, to the storage map of its group version.
func (r *resource) build(getter generic.RESTOptionsGetter, into map[string]rest.Storage) (*genericregistry.Store, error) {
	s := strategy{scheme, names.SimpleNameGenerator, r}
	store := &genericregistry.Store{
		NewFunc:                   r.newObject,
		NewListFunc:               r.newList,
		DefaultQualifiedResource:  r.gv.WithResource(r.name).GroupResource(),
		SingularQualifiedResource: r.gv.WithResource(strings.ToLower(r.kind)).GroupResource(),
		CreateStrategy:            s,
		UpdateStrategy:            s,
		DeleteStrategy:            s,
		ResetFieldsStrategy:       s,
		TableConvertor:            r,
		StorageVersioner:          r.gv,
		PredicateFunc: func(l labels.Selector, f fields.Selector) storage.SelectionPredicate {
			return storage.SelectionPredicate{Label: l, Field: f, GetAttrs: r.attrs}
		},
	}
	if r.kind == "Event" {
		store.TTLFunc = func(runtime.Object, uint64, bool) (uint64, error) { return 3600, nil }
	}
	if err := store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: getter, AttrFunc: r.attrs}); err != nil {
		return nil, err
	}
	into[r.name] = &storeREST{store, r}
	if r.status {
		sub := *store
		sub.UpdateStrategy, sub.ResetFieldsStrategy = statusStrategy{s}, statusStrategy{s}
		into[r.name+"/status"] = &subREST{&sub}
	}
	if r.scale {
		into[r.name+"/scale"] = &scaleREST{store}
	}
	return store, nil
}

func (r *resource) attrs(obj runtime.Object) (labels.Set, fields.Set, error) {
	o, err := meta.Accessor(obj)
	if err != nil {
		return nil, nil, err
	}
	set := fields.Set{"metadata.name": o.GetName()}
	if !r.cluster {
		set["metadata.namespace"] = o.GetNamespace()
	}
	add := func(kv ...string) {
		for i := 0; i < len(kv); i += 2 {
			set[kv[i]] = kv[i+1]
		}
	}
	switch o := obj.(type) {
	case *corev1.Pod:
		add("spec.nodeName", o.Spec.NodeName, "spec.restartPolicy", string(o.Spec.RestartPolicy), "spec.schedulerName", o.Spec.SchedulerName,
			"spec.serviceAccountName", o.Spec.ServiceAccountName, "status.phase", string(o.Status.Phase), "status.podIP", o.Status.PodIP)
	case *corev1.Namespace:
		add("status.phase", string(o.Status.Phase))
	case *corev1.Secret:
		add("type", string(o.Type))
	case *corev1.Node:
		add("spec.unschedulable", fmt.Sprint(o.Spec.Unschedulable))
	case *corev1.Service:
		add("spec.clusterIP", o.Spec.ClusterIP, "spec.type", string(o.Spec.Type))
	case *batchv1.Job:
		add("status.successful", fmt.Sprint(o.Status.Succeeded))
	case *corev1.Event:
		i := o.InvolvedObject
		add("involvedObject.kind", i.Kind, "involvedObject.namespace", i.Namespace, "involvedObject.name", i.Name,
			"involvedObject.uid", string(i.UID), "involvedObject.apiVersion", i.APIVersion, "involvedObject.resourceVersion", i.ResourceVersion,
			"involvedObject.fieldPath", i.FieldPath, "reason", o.Reason, "reportingComponent", o.ReportingController, "type", o.Type)
	}
	return labels.Set(o.GetLabels()), set, nil
}

// ConvertToTable is the server side printing: the name, the columns of the
// resource, the age.
func (r *resource) ConvertToTable(ctx context.Context, obj, opts runtime.Object) (*metav1.Table, error) {
	table, err := rest.NewDefaultTableConvertor(r.gv.WithResource(r.name).GroupResource()).ConvertToTable(ctx, obj, opts)
	if err != nil {
		return nil, err
	}
	if len(table.ColumnDefinitions) > 0 {
		defs := table.ColumnDefinitions[:1:1]
		for _, c := range r.columns {
			defs = append(defs, metav1.TableColumnDefinition{Name: c.name, Type: "string"})
		}
		table.ColumnDefinitions = append(defs, metav1.TableColumnDefinition{Name: "Age", Type: "string"})
	}
	for i := range table.Rows {
		row := &table.Rows[i]
		cells := row.Cells[:1:1]
		for _, c := range r.columns {
			cells = append(cells, c.cell(row.Object.Object))
		}
		row.Cells = append(cells, age(row.Object.Object.(metav1.Object).GetCreationTimestamp()))
	}
	return table, nil
}

func col[T any](name string, fn func(*T) interface{}) column {
	return column{name, func(o runtime.Object) interface{} { return fn(any(o).(*T)) }}
}

// resources is the table of the built-in resources.
func resources() []*resource {
	core, apps, batch := corev1.SchemeGroupVersion, appsv1.SchemeGroupVersion, batchv1.SchemeGroupVersion
	gv := func(g, v string) schema.GroupVersion { return schema.GroupVersion{Group: g, Version: v} }
	all := []string{"all"}
	rbacGV, admGV := gv("rbac.authorization.k8s.io", "v1"), gv("admissionregistration.k8s.io", "v1")
	dns1035 := validation.NameIsDNS1035Label
	label := validation.NameIsDNSLabel
	segment := path.ValidatePathSegmentName
	return []*resource{
		{gv: core, name: "namespaces", kind: "Namespace", short: []string{"ns"}, cluster: true, status: true, nameFn: label, prepare: prepareNamespace,
			columns: []column{col("Status", func(o *corev1.Namespace) interface{} { return string(o.Status.Phase) })}},
		{gv: core, name: "pods", kind: "Pod", short: []string{"po"}, categories: all, status: true, generation: true, validate: validatePod,
			columns: []column{col("Ready", podReady), col("Status", podStatus), col("Restarts", podRestarts),
				col("IP", func(o *corev1.Pod) interface{} { return o.Status.PodIP }), col("Node", func(o *corev1.Pod) interface{} { return o.Spec.NodeName })}},
		{gv: core, name: "services", kind: "Service", short: []string{"svc"}, categories: all, status: true, nameFn: dns1035, prepare: prepareService, validate: validateService,
			columns: []column{col("Type", func(o *corev1.Service) interface{} { return string(o.Spec.Type) }), col("Cluster-IP", func(o *corev1.Service) interface{} { return o.Spec.ClusterIP })}},
		{gv: core, name: "endpoints", kind: "Endpoints", short: []string{"ep"}},
		{gv: core, name: "configmaps", kind: "ConfigMap", short: []string{"cm"}, validate: validateImmutable,
			columns: []column{col("Data", func(o *corev1.ConfigMap) interface{} { return fmt.Sprint(len(o.Data) + len(o.BinaryData)) })}},
		{gv: core, name: "secrets", kind: "Secret", prepare: prepareSecret, validate: validateImmutable,
			columns: []column{col("Type", func(o *corev1.Secret) interface{} { return string(o.Type) }), col("Data", func(o *corev1.Secret) interface{} { return fmt.Sprint(len(o.Data)) })}},
		{gv: core, name: "serviceaccounts", kind: "ServiceAccount", short: []string{"sa"}},
		{gv: core, name: "events", kind: "Event", short: []string{"ev"},
			columns: []column{col("Type", func(o *corev1.Event) interface{} { return o.Type }), col("Reason", func(o *corev1.Event) interface{} { return o.Reason }),
				col("Object", func(o *corev1.Event) interface{} {
					return strings.ToLower(o.InvolvedObject.Kind) + "/" + o.InvolvedObject.Name
				}), col("Message", func(o *corev1.Event) interface{} { return o.Message })}},
		{gv: core, name: "nodes", kind: "Node", short: []string{"no"}, cluster: true, status: true,
			columns: []column{col("Status", nodeStatus)}},
		{gv: core, name: "persistentvolumes", kind: "PersistentVolume", short: []string{"pv"}, cluster: true, status: true},
		{gv: core, name: "persistentvolumeclaims", kind: "PersistentVolumeClaim", short: []string{"pvc"}, status: true},
		{gv: core, name: "resourcequotas", kind: "ResourceQuota", short: []string{"quota"}, status: true},
		{gv: core, name: "limitranges", kind: "LimitRange", short: []string{"limits"}},

		{gv: apps, name: "deployments", kind: "Deployment", short: []string{"deploy"}, categories: all, status: true, scale: true, generation: true, validate: validateWorkload,
			columns: []column{col("Ready", func(o *appsv1.Deployment) interface{} {
				return fmt.Sprintf("%d/%d", o.Status.ReadyReplicas, *o.Spec.Replicas)
			}), col("Up-to-date", func(o *appsv1.Deployment) interface{} { return fmt.Sprint(o.Status.UpdatedReplicas) }),
				col("Available", func(o *appsv1.Deployment) interface{} { return fmt.Sprint(o.Status.AvailableReplicas) })}},
		{gv: apps, name: "replicasets", kind: "ReplicaSet", short: []string{"rs"}, categories: all, status: true, scale: true, generation: true, validate: validateWorkload,
			columns: []column{col("Desired", func(o *appsv1.ReplicaSet) interface{} { return fmt.Sprint(*o.Spec.Replicas) }),
				col("Current", func(o *appsv1.ReplicaSet) interface{} { return fmt.Sprint(o.Status.Replicas) }),
				col("Ready", func(o *appsv1.ReplicaSet) interface{} { return fmt.Sprint(o.Status.ReadyReplicas) })}},
		{gv: apps, name: "statefulsets", kind: "StatefulSet", short: []string{"sts"}, categories: all, status: true, scale: true, generation: true, validate: validateWorkload,
			columns: []column{col("Ready", func(o *appsv1.StatefulSet) interface{} {
				return fmt.Sprintf("%d/%d", o.Status.ReadyReplicas, *o.Spec.Replicas)
			})}},
		{gv: apps, name: "daemonsets", kind: "DaemonSet", short: []string{"ds"}, categories: all, status: true, generation: true, validate: validateWorkload},
		{gv: apps, name: "controllerrevisions", kind: "ControllerRevision"},

		{gv: batch, name: "jobs", kind: "Job", categories: all, status: true, generation: true, orphan: true, prepare: prepareJob, validate: validateJob,
			columns: []column{col("Status", jobStatus), col("Active", func(o *batchv1.Job) interface{} { return fmt.Sprint(o.Status.Active) }),
				col("Succeeded", func(o *batchv1.Job) interface{} { return fmt.Sprint(o.Status.Succeeded) })}},
		{gv: batch, name: "cronjobs", kind: "CronJob", short: []string{"cj"}, categories: all, status: true, generation: true},
		{gv: gv("autoscaling", "v2"), name: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", short: []string{"hpa"}, categories: all, status: true, generation: true},
		{gv: gv("coordination.k8s.io", "v1"), name: "leases", kind: "Lease"},
		{gv: gv("discovery.k8s.io", "v1"), name: "endpointslices", kind: "EndpointSlice"},
		{gv: gv("networking.k8s.io", "v1"), name: "ingresses", kind: "Ingress", short: []string{"ing"}, status: true, generation: true},
		{gv: gv("networking.k8s.io", "v1"), name: "ingressclasses", kind: "IngressClass", cluster: true, generation: true},
		{gv: gv("networking.k8s.io", "v1"), name: "networkpolicies", kind: "NetworkPolicy", short: []string{"netpol"}, generation: true},
		{gv: gv("policy", "v1"), name: "poddisruptionbudgets", kind: "PodDisruptionBudget", short: []string{"pdb"}, status: true, generation: true},
		{gv: gv("scheduling.k8s.io", "v1"), name: "priorityclasses", kind: "PriorityClass", short: []string{"pc"}, cluster: true, generation: true},
		{gv: gv("storage.k8s.io", "v1"), name: "storageclasses", kind: "StorageClass", short: []string{"sc"}, cluster: true},

		{gv: rbacGV, name: "roles", kind: "Role", nameFn: segment},
		{gv: rbacGV, name: "rolebindings", kind: "RoleBinding", nameFn: segment, validate: validateRoleRef},
		{gv: rbacGV, name: "clusterroles", kind: "ClusterRole", cluster: true, nameFn: segment},
		{gv: rbacGV, name: "clusterrolebindings", kind: "ClusterRoleBinding", cluster: true, nameFn: segment, validate: validateRoleRef},

		{gv: admGV, name: "validatingwebhookconfigurations", kind: "ValidatingWebhookConfiguration", categories: []string{"api-extensions"}, cluster: true, generation: true},
		{gv: admGV, name: "mutatingwebhookconfigurations", kind: "MutatingWebhookConfiguration", categories: []string{"api-extensions"}, cluster: true, generation: true},
		{gv: admGV, name: "validatingadmissionpolicies", kind: "ValidatingAdmissionPolicy", categories: []string{"api-extensions"}, cluster: true, status: true, generation: true},
		{gv: admGV, name: "validatingadmissionpolicybindings", kind: "ValidatingAdmissionPolicyBinding", categories: []string{"api-extensions"}, cluster: true, generation: true},
		{gv: admGV, name: "mutatingadmissionpolicies", kind: "MutatingAdmissionPolicy", categories: []string{"api-extensions"}, cluster: true, generation: true},
		{gv: admGV, name: "mutatingadmissionpolicybindings", kind: "MutatingAdmissionPolicyBinding", categories: []string{"api-extensions"}, cluster: true, generation: true},
	}
}

func prepareNamespace(obj, old runtime.Object) {
	ns := obj.(*corev1.Namespace)
	if old == nil {
		ns.Status.Phase = corev1.NamespaceActive
		ns.Spec.Finalizers = []corev1.FinalizerName{corev1.FinalizerKubernetes}
	} else {
		ns.Spec.Finalizers = old.(*corev1.Namespace).Spec.Finalizers // changed through the finalize subresource only
	}
}

func prepareSecret(obj, _ runtime.Object) {
	s := obj.(*corev1.Secret)
	for k, v := range s.StringData {
		if s.Data == nil {
			s.Data = map[string][]byte{}
		}
		s.Data[k] = []byte(v)
	}
	s.StringData = nil
}

func prepareService(obj, old runtime.Object) {
	s := obj.(*corev1.Service)
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	if old != nil && s.Spec.ClusterIP == "" {
		o := old.(*corev1.Service)
		s.Spec.ClusterIP, s.Spec.ClusterIPs = o.Spec.ClusterIP, o.Spec.ClusterIPs
	}
	if s.Spec.ClusterIP == "" {
		h := fnv.New32a()
		h.Write([]byte(s.UID))
		s.Spec.ClusterIP = fmt.Sprintf("10.96.%d.%d", h.Sum32()>>8&0xff, h.Sum32()%254+1)
	}
	s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	if len(s.Spec.IPFamilies) == 0 {
		s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	defPtr(&s.Spec.IPFamilyPolicy, corev1.IPFamilyPolicySingleStack)
}

func prepareJob(obj, old runtime.Object) {
	j := obj.(*batchv1.Job)
	if old != nil || (j.Spec.ManualSelector != nil && *j.Spec.ManualSelector) {
		return
	}
	if j.Spec.Template.Labels == nil {
		j.Spec.Template.Labels = map[string]string{}
	}
	for k, v := range map[string]string{batchv1.ControllerUidLabel: string(j.UID), batchv1.JobNameLabel: j.Name, "controller-uid": string(j.UID), "job-name": j.Name} {
		j.Spec.Template.Labels[k] = v
	}
	j.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{batchv1.ControllerUidLabel: string(j.UID)}}
}

func immutable(errs *field.ErrorList, p *field.Path, n, o interface{}) {
	if !apiequality.Semantic.DeepEqual(n, o) {
		*errs = append(*errs, field.Invalid(p, n, "field is immutable"))
	}
}

func validatePodSpec(s *corev1.PodSpec, p *field.Path) (errs field.ErrorList) {
	if len(s.Containers) == 0 {
		errs = append(errs, field.Required(p.Child("containers"), ""))
	}
	seen := map[string]bool{}
	for i, c := range s.Containers {
		cp := p.Child("containers").Index(i)
		for _, msg := range validation.NameIsDNSLabel(c.Name, false) {
			errs = append(errs, field.Invalid(cp.Child("name"), c.Name, msg))
		}
		if seen[c.Name] {
			errs = append(errs, field.Duplicate(cp.Child("name"), c.Name))
		}
		if seen[c.Name] = true; c.Image == "" {
			errs = append(errs, field.Required(cp.Child("image"), ""))
		}
	}
	return errs
}

func validatePod(obj, old runtime.Object) field.ErrorList {
	p := obj.(*corev1.Pod)
	errs := validatePodSpec(&p.Spec, field.NewPath("spec"))
	if old != nil { // images, tolerations, the deadline and the gates are the mutable fields of a pod
		n, o := p.Spec.DeepCopy(), old.(*corev1.Pod).Spec.DeepCopy()
		for _, s := range []*corev1.PodSpec{n, o} {
			for i := range s.Containers {
				s.Containers[i].Image = ""
			}
			for i := range s.InitContainers {
				s.InitContainers[i].Image = ""
			}
			s.Tolerations, s.ActiveDeadlineSeconds, s.SchedulingGates = nil, nil, nil
			s.NodeName = ""
		}
		if !apiequality.Semantic.DeepEqual(n, o) {
			errs = append(errs, field.Forbidden(field.NewPath("spec"), "pod updates may not change fields other than `spec.containers[*].image`, `spec.activeDeadlineSeconds` and `spec.tolerations`"))
		}
	}
	return errs
}

func validateService(obj, old runtime.Object) (errs field.ErrorList) {
	s := obj.(*corev1.Service)
	for i, p := range s.Spec.Ports {
		if p.Port < 1 || p.Port > 65535 {
			errs = append(errs, field.Invalid(field.NewPath("spec", "ports").Index(i).Child("port"), p.Port, "must be between 1 and 65535, inclusive"))
		}
	}
	if len(s.Spec.Ports) == 0 && s.Spec.ClusterIP != "None" && s.Spec.Type != corev1.ServiceTypeExternalName {
		errs = append(errs, field.Required(field.NewPath("spec", "ports"), ""))
	}
	if old != nil {
		if o := old.(*corev1.Service); o.Spec.Type == s.Spec.Type && s.Spec.Type != corev1.ServiceTypeExternalName {
			immutable(&errs, field.NewPath("spec", "clusterIP"), s.Spec.ClusterIP, o.Spec.ClusterIP)
		}
	}
	return errs
}

func validateImmutable(obj, old runtime.Object) (errs field.ErrorList) {
	if old == nil {
		return nil
	}
	if flag := fieldOf(old, "Immutable").Interface().(*bool); flag != nil && *flag {
		for _, f := range []string{"Data", "Immutable"} {
			if !apiequality.Semantic.DeepEqual(fieldOf(obj, f).Interface(), fieldOf(old, f).Interface()) {
				errs = append(errs, field.Forbidden(field.NewPath(strings.ToLower(f)), "field is immutable when `immutable` is set"))
			}
		}
	}
	return errs
}

// validateWorkload checks what deployments, replica sets, stateful sets and
// daemon sets have in common.
func validateWorkload(obj, old runtime.Object) (errs field.ErrorList) {
	p, spec := field.NewPath("spec"), fieldOf(obj, "Spec")
	sel := spec.FieldByName("Selector").Interface().(*metav1.LabelSelector)
	template := spec.FieldByName("Template").Interface().(corev1.PodTemplateSpec)
	if r := spec.FieldByName("Replicas"); r.IsValid() && r.Elem().Int() < 0 {
		errs = append(errs, field.Invalid(p.Child("replicas"), r.Elem().Int(), "must be greater than or equal to 0"))
	}
	if sel == nil {
		errs = append(errs, field.Required(p.Child("selector"), ""))
	} else {
		errs = append(errs, metav1validation.ValidateLabelSelector(sel, metav1validation.LabelSelectorValidationOptions{}, p.Child("selector"))...)
		if s, err := metav1.LabelSelectorAsSelector(sel); err == nil && (s.Empty() || !s.Matches(labels.Set(template.Labels))) {
			errs = append(errs, field.Invalid(p.Child("template", "metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
		}
	}
	if old != nil {
		immutable(&errs, p.Child("selector"), sel, fieldOf(old, "Spec").FieldByName("Selector").Interface())
	}
	return append(errs, validatePodSpec(&template.Spec, p.Child("template", "spec"))...)
}

func validateJob(obj, old runtime.Object) field.ErrorList {
	j := obj.(*batchv1.Job)
	errs := validatePodSpec(&j.Spec.Template.Spec, field.NewPath("spec", "template", "spec"))
	if rp := j.Spec.Template.Spec.RestartPolicy; rp != corev1.RestartPolicyOnFailure && rp != corev1.RestartPolicyNever {
		errs = append(errs, field.NotSupported(field.NewPath("spec", "template", "spec", "restartPolicy"), rp, []string{"OnFailure", "Never"}))
	}
	if old != nil {
		immutable(&errs, field.NewPath("spec", "template"), j.Spec.Template, old.(*batchv1.Job).Spec.Template)
	}
	return errs
}

func validateRoleRef(obj, old runtime.Object) (errs field.ErrorList) {
	if old != nil {
		immutable(&errs, field.NewPath("roleRef"), fieldOf(obj, "RoleRef").Interface(), fieldOf(old, "RoleRef").Interface())
	}
	return errs
}
