// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// controllers are the few loops of kube-controller-manager that an API server
// cannot do without. They run against the loopback client.
type controllers struct {
	client    kubernetes.Interface
	meta      metadata.Interface
	informers informers.SharedInformerFactory
	caPEM     string
	simulate  bool

	mu       sync.Mutex
	monitors map[schema.GroupVersionResource]*monitor
	absent   map[types.UID]bool
	dirty    chan struct{} // garbage collection has something to look at
	changed  chan struct{} // the set of resources may have changed
}

// monitor watches the metadata of one resource.
type monitor struct {
	kind       schema.GroupVersionKind
	namespaced bool
	informer   cache.SharedIndexInformer
	cancel     context.CancelFunc
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (c *controllers) run(ctx context.Context) {
	go wait.UntilWithContext(ctx, c.namespaces, 200*time.Millisecond)
	go wait.UntilWithContext(ctx, c.aggregateClusterRoles, time.Second)
	if c.simulate {
		go wait.UntilWithContext(ctx, c.simulateWorkloads, 200*time.Millisecond)
	}
	go func() {
		for {
			c.syncMonitors(ctx)
			select {
			case <-ctx.Done():
				return
			case <-c.changed:
				sleep(ctx, 200*time.Millisecond) // let discovery settle
			case <-time.After(30 * time.Second):
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.dirty:
		case <-time.After(10 * time.Second): // whatever an event did not tell
		}
		c.collect(ctx)
		sleep(ctx, 100*time.Millisecond)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// resources lists, by discovery, what can be listed, watched and deleted.
func (c *controllers) resources() (map[schema.GroupVersionResource]metav1.APIResource, error) {
	lists, err := c.client.Discovery().ServerPreferredResources()
	out := map[schema.GroupVersionResource]metav1.APIResource{}
	for _, l := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"delete", "list", "watch"}}, lists) {
		gv, _ := schema.ParseGroupVersion(l.GroupVersion)
		for _, r := range l.APIResources {
			if r.Name != "events" {
				out[gv.WithResource(r.Name)] = r
			}
		}
	}
	return out, err
}

// --- namespaces ---

func (c *controllers) namespaces(ctx context.Context) {
	list, _ := c.informers.Core().V1().Namespaces().Lister().List(labels.Everything())
	for _, ns := range list {
		if ns.DeletionTimestamp == nil {
			c.populate(ctx, ns.Name)
		} else if len(ns.Spec.Finalizers) > 0 {
			c.empty(ctx, ns)
		}
	}
}

// populate creates what every namespace of a cluster has.
func (c *controllers) populate(ctx context.Context, ns string) {
	if _, err := c.informers.Core().V1().ServiceAccounts().Lister().ServiceAccounts(ns).Get("default"); apierrors.IsNotFound(err) {
		c.client.CoreV1().ServiceAccounts(ns).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
	}
	if _, err := c.informers.Core().V1().ConfigMaps().Lister().ConfigMaps(ns).Get("kube-root-ca.crt"); apierrors.IsNotFound(err) {
		c.client.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt"}, Data: map[string]string{"ca.crt": c.caPEM}}, metav1.CreateOptions{})
	}
}

// empty deletes the content of a terminating namespace and lets it go when
// nothing is left.
func (c *controllers) empty(ctx context.Context, ns *corev1.Namespace) {
	resources, err := c.resources()
	if err != nil && len(resources) == 0 {
		return
	}
	left := 0
	background := metav1.DeletePropagationBackground
	for gvr, r := range resources {
		if !r.Namespaced {
			continue
		}
		list, err := c.meta.Resource(gvr).Namespace(ns.Name).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
			continue
		}
		if err != nil {
			left++
			continue
		}
		for _, o := range list.Items {
			left++
			if o.DeletionTimestamp == nil {
				c.meta.Resource(gvr).Namespace(ns.Name).Delete(ctx, o.Name, metav1.DeleteOptions{PropagationPolicy: &background})
			}
		}
	}
	if left > 0 || err != nil {
		return
	}
	done := ns.DeepCopy()
	done.Spec.Finalizers = nil
	if _, err := c.client.CoreV1().Namespaces().Finalize(ctx, done, metav1.UpdateOptions{}); err == nil {
		c.client.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &ns.UID}})
	}
}

// --- cluster role aggregation ---

func (c *controllers) aggregateClusterRoles(ctx context.Context) {
	lister := c.informers.Rbac().V1().ClusterRoles().Lister()
	roles, _ := lister.List(labels.Everything())
	for _, role := range roles {
		if role.AggregationRule == nil {
			continue
		}
		var rules []rbacv1.PolicyRule
		for i := range role.AggregationRule.ClusterRoleSelectors {
			sel, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
			if err != nil {
				continue
			}
			parts, _ := lister.List(sel)
			byName := map[string]*rbacv1.ClusterRole{}
			for _, p := range parts {
				byName[p.Name] = p
			}
			for _, name := range sortedKeys(byName) {
				for _, r := range byName[name].Rules {
					if name != role.Name && !covered(rules, r) {
						rules = append(rules, r)
					}
				}
			}
		}
		if !apiequality.Semantic.DeepEqual(rules, role.Rules) {
			role = role.DeepCopy()
			role.Rules = rules
			c.client.RbacV1().ClusterRoles().Update(ctx, role, metav1.UpdateOptions{})
		}
	}
}

func covered(rules []rbacv1.PolicyRule, r rbacv1.PolicyRule) bool {
	for _, have := range rules {
		if reflect.DeepEqual(have, r) {
			return true
		}
	}
	return false
}

// --- garbage collection ---

func (c *controllers) syncMonitors(ctx context.Context) {
	resources, err := c.resources()
	c.mu.Lock()
	defer c.mu.Unlock()
	for gvr, r := range resources {
		if c.monitors[gvr] != nil {
			continue
		}
		mctx, cancel := context.WithCancel(ctx)
		inf := metadatainformer.NewFilteredMetadataInformer(c.meta, gvr, "", 0, cache.Indexers{}, nil).Informer()
		inf.SetTransform(func(o interface{}) (interface{}, error) {
			if m, ok := o.(*metav1.PartialObjectMetadata); ok { // all that collection reads
				m.ManagedFields, m.Annotations, m.Labels = nil, nil, nil
			}
			return o, nil
		})
		inf.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o interface{}) { c.look(o) },
			UpdateFunc: func(_, o interface{}) { c.look(o) },
			DeleteFunc: func(interface{}) { poke(c.dirty) },
		})
		c.monitors[gvr] = &monitor{gvr.GroupVersion().WithKind(r.Kind), r.Namespaced, inf, cancel}
		go inf.Run(mctx.Done())
	}
	if err != nil {
		poke(c.changed) // discovery was incomplete: try again, and forget nothing
		return
	}
	for gvr, m := range c.monitors {
		if _, ok := resources[gvr]; !ok {
			m.cancel()
			delete(c.monitors, gvr)
		}
	}
}

func (c *controllers) look(o interface{}) {
	if m, ok := o.(*metav1.PartialObjectMetadata); ok && (len(m.OwnerReferences) > 0 || (m.DeletionTimestamp != nil && len(m.Finalizers) > 0)) {
		poke(c.dirty)
	}
}

type node struct {
	gvr schema.GroupVersionResource
	*metav1.PartialObjectMetadata
}

// collect makes one pass over everything: it deletes objects whose owners are
// all gone, and finishes foreground deletions and orphanings.
func (c *controllers) collect(ctx context.Context) {
	c.mu.Lock()
	byUID := map[types.UID]node{}
	kinds := map[schema.GroupKind]schema.GroupVersionResource{}
	scoped := map[schema.GroupVersionResource]bool{}
	synced := true
	for gvr, m := range c.monitors {
		kinds[m.kind.GroupKind()], scoped[gvr] = gvr, m.namespaced
		synced = synced && m.informer.HasSynced()
		for _, o := range m.informer.GetStore().List() {
			if p, ok := o.(*metav1.PartialObjectMetadata); ok {
				byUID[p.UID] = node{gvr, p}
			}
		}
	}
	c.mu.Unlock()
	if len(c.absent) > 10000 {
		c.absent = map[types.UID]bool{}
	}

	dependents := map[types.UID][]node{}
	for _, n := range byUID {
		for _, ref := range n.OwnerReferences {
			dependents[ref.UID] = append(dependents[ref.UID], n)
		}
	}
	for _, n := range byUID {
		if len(n.OwnerReferences) > 0 && n.DeletionTimestamp == nil {
			c.attend(ctx, n, byUID, kinds, scoped)
		}
	}
	for _, n := range byUID {
		if n.DeletionTimestamp == nil {
			continue
		}
		if contains(n.Finalizers, metav1.FinalizerOrphanDependents) && synced {
			for _, d := range dependents[n.UID] {
				c.dropOwners(ctx, d, func(r metav1.OwnerReference) bool { return r.UID == n.UID })
			}
			if len(dependents[n.UID]) == 0 {
				c.dropFinalizer(ctx, n, metav1.FinalizerOrphanDependents)
			}
		}
		if contains(n.Finalizers, metav1.FinalizerDeleteDependents) && synced {
			blocking := 0
			for _, d := range dependents[n.UID] {
				for _, ref := range d.OwnerReferences {
					if ref.UID == n.UID && ref.BlockOwnerDeletion != nil && *ref.BlockOwnerDeletion {
						blocking++
					}
				}
			}
			if blocking == 0 {
				c.dropFinalizer(ctx, n, metav1.FinalizerDeleteDependents)
			}
		}
	}
}

// attend decides about one object with owners.
func (c *controllers) attend(ctx context.Context, n node, byUID map[types.UID]node, kinds map[schema.GroupKind]schema.GroupVersionResource, scoped map[schema.GroupVersionResource]bool) {
	gone := map[types.UID]bool{}
	solid, waiting := 0, 0
	for _, ref := range n.OwnerReferences {
		owner, ok := byUID[ref.UID]
		switch {
		case ok && owner.Namespace != "" && owner.Namespace != n.Namespace:
			gone[ref.UID] = true // owners across namespaces do not count
		case ok && owner.DeletionTimestamp != nil && contains(owner.Finalizers, metav1.FinalizerDeleteDependents):
			waiting++
		case ok:
			solid++
		case c.isAbsent(ctx, n, ref, kinds, scoped):
			gone[ref.UID] = true
		default:
			solid++
		}
	}
	switch {
	case solid > 0 && len(gone)+waiting > 0:
		c.dropOwners(ctx, n, func(r metav1.OwnerReference) bool {
			o, ok := byUID[r.UID]
			return gone[r.UID] || (ok && o.DeletionTimestamp != nil && contains(o.Finalizers, metav1.FinalizerDeleteDependents))
		})
	case solid == 0:
		policy := metav1.DeletePropagationBackground
		if waiting > 0 {
			policy = metav1.DeletePropagationForeground
		}
		if contains(n.Finalizers, metav1.FinalizerOrphanDependents) {
			policy = metav1.DeletePropagationOrphan
		}
		err := c.meta.Resource(n.gvr).Namespace(n.Namespace).Delete(ctx, n.Name, metav1.DeleteOptions{PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: &n.UID, ResourceVersion: &n.ResourceVersion}})
		if apierrors.IsConflict(err) {
			poke(c.dirty)
		}
		klog.V(2).InfoS("Garbage collected", "resource", n.gvr.Resource, "namespace", n.Namespace, "name", n.Name, "err", err)
	}
}

// isAbsent asks the API whether the owner is really gone.
func (c *controllers) isAbsent(ctx context.Context, n node, ref metav1.OwnerReference, kinds map[schema.GroupKind]schema.GroupVersionResource, scoped map[schema.GroupVersionResource]bool) bool {
	if c.absent[ref.UID] {
		return true
	}
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	gvr, ok := kinds[gv.WithKind(ref.Kind).GroupKind()]
	if err != nil || !ok {
		return false
	}
	ns := n.Namespace
	if !scoped[gvr] {
		ns = ""
	}
	o, err := c.meta.Resource(gvr).Namespace(ns).Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || (err == nil && o.UID != ref.UID) {
		c.absent[ref.UID] = true
		return true
	}
	return false
}

func (c *controllers) patch(ctx context.Context, n node, key string, value interface{}) {
	data, _ := json.Marshal(map[string]interface{}{"metadata": map[string]interface{}{"uid": n.UID, "resourceVersion": n.ResourceVersion, key: value}})
	c.meta.Resource(n.gvr).Namespace(n.Namespace).Patch(ctx, n.Name, types.MergePatchType, data, metav1.PatchOptions{})
	poke(c.dirty) // to go on with the owner, or to try again after a conflict
}

func (c *controllers) dropOwners(ctx context.Context, n node, drop func(metav1.OwnerReference) bool) {
	keep := []metav1.OwnerReference{}
	for _, r := range n.OwnerReferences {
		if !drop(r) {
			keep = append(keep, r)
		}
	}
	c.patch(ctx, n, "ownerReferences", keep)
}

func (c *controllers) dropFinalizer(ctx context.Context, n node, finalizer string) {
	keep := []string{}
	for _, f := range n.Finalizers {
		if f != finalizer {
			keep = append(keep, f)
		}
	}
	c.patch(ctx, n, "finalizers", keep)
}

// --- optional: workloads that are ready at once ---

func (c *controllers) simulateWorkloads(ctx context.Context) {
	ds, _ := c.informers.Apps().V1().Deployments().Lister().List(labels.Everything())
	for _, d := range ds {
		n := *d.Spec.Replicas
		if d.DeletionTimestamp != nil || (d.Status.ObservedGeneration == d.Generation && d.Status.AvailableReplicas == n) {
			continue
		}
		d = d.DeepCopy()
		now := metav1.Now()
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
			Conditions: []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable", LastUpdateTime: now, LastTransitionTime: now},
				{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable", LastUpdateTime: now, LastTransitionTime: now}}}
		c.client.AppsV1().Deployments(d.Namespace).UpdateStatus(ctx, d, metav1.UpdateOptions{})
	}
	ss, _ := c.informers.Apps().V1().StatefulSets().Lister().List(labels.Everything())
	for _, s := range ss {
		n := *s.Spec.Replicas
		if s.DeletionTimestamp != nil || (s.Status.ObservedGeneration == s.Generation && s.Status.ReadyReplicas == n) {
			continue
		}
		s = s.DeepCopy()
		rev := strings.TrimSuffix(s.Name, "-") + "-1"
		s.Status = appsv1.StatefulSetStatus{ObservedGeneration: s.Generation, Replicas: n, ReadyReplicas: n, AvailableReplicas: n, CurrentReplicas: n, UpdatedReplicas: n, CurrentRevision: rev, UpdateRevision: rev}
		c.client.AppsV1().StatefulSets(s.Namespace).UpdateStatus(ctx, s, metav1.UpdateOptions{})
	}
}
