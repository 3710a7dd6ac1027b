// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	storeerr "k8s.io/apiserver/pkg/storage/errors"
	"k8s.io/apiserver/pkg/util/dryrun"
	"k8s.io/component-helpers/auth/rbac/validation"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
)

// --- namespaces: deletion in two phases, finalize subresource ---

type namespaceREST struct{ storeREST }

func (r *namespaceREST) Delete(ctx context.Context, name string, dv rest.ValidateObjectFunc, options *metav1.DeleteOptions) (runtime.Object, bool, error) {
	obj, err := r.Store.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, false, err
	}
	ns := obj.(*corev1.Namespace)
	if !ns.DeletionTimestamp.IsZero() {
		if len(ns.Spec.Finalizers) > 0 {
			return ns, false, nil // the namespace controller is at work
		}
		return r.Store.Delete(ctx, name, rest.ValidateAllObjectFunc, options)
	}
	if options == nil {
		options = metav1.NewDeleteOptions(0)
	}
	preconditions := &storage.Preconditions{}
	if p := options.Preconditions; p != nil {
		preconditions.UID, preconditions.ResourceVersion = p.UID, p.ResourceVersion
	}
	key, err := r.Store.KeyFunc(ctx, name)
	if err != nil {
		return nil, false, err
	}
	out := r.Store.New()
	err = r.Store.Storage.GuaranteedUpdate(ctx, key, out, false, preconditions, storage.SimpleUpdate(func(existing runtime.Object) (runtime.Object, error) {
		ns := existing.(*corev1.Namespace)
		if err := dv(ctx, ns); err != nil {
			return nil, err
		}
		if ns.DeletionTimestamp.IsZero() {
			now, zero := metav1.Now(), int64(0)
			ns.DeletionTimestamp, ns.DeletionGracePeriodSeconds = &now, &zero
		}
		ns.Status.Phase = corev1.NamespaceTerminating
		return ns, nil
	}), dryrun.IsDryRun(options.DryRun), nil)
	if err != nil {
		return nil, false, storeerr.InterpretDeleteError(storeerr.InterpretUpdateError(err, corev1.Resource("namespaces"), name), corev1.Resource("namespaces"), name)
	}
	return out, false, nil
}

// DeleteCollection would bypass the phases above.
func (r *namespaceREST) DeleteCollection(context.Context, rest.ValidateObjectFunc, *metav1.DeleteOptions, *metainternalversion.ListOptions) (runtime.Object, error) {
	return nil, apierrors.NewMethodNotSupported(corev1.Resource("namespaces"), "deletecollection")
}

// finalizeStrategy lets the finalize subresource change spec.finalizers only.
type finalizeStrategy struct{ strategy }

func (finalizeStrategy) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	finalizers := obj.(*corev1.Namespace).Spec.Finalizers
	*obj.(*corev1.Namespace) = *old.(*corev1.Namespace).DeepCopy()
	obj.(*corev1.Namespace).Spec.Finalizers = finalizers
}

func shouldDeleteNamespaceDuringUpdate(ctx context.Context, key string, obj, existing runtime.Object) bool {
	return len(obj.(*corev1.Namespace).Spec.Finalizers) == 0 && genericregistry.ShouldDeleteDuringUpdate(ctx, key, obj, existing)
}

// --- create-only resources ---

// reviewREST is a resource that only answers POST.
type reviewREST struct {
	newFn      func() runtime.Object
	singular   string
	namespaced bool
	create     func(ctx context.Context, obj runtime.Object) error
}

func (r *reviewREST) New() runtime.Object     { return r.newFn() }
func (r *reviewREST) Destroy()                {}
func (r *reviewREST) NamespaceScoped() bool   { return r.namespaced }
func (r *reviewREST) GetSingularName() string { return r.singular }
func (r *reviewREST) Create(ctx context.Context, obj runtime.Object, cv rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	if cv != nil {
		if err := cv(ctx, obj.DeepCopyObject()); err != nil {
			return nil, err
		}
	}
	return obj, r.create(ctx, obj)
}

func review[T any](singular string, namespaced bool, create func(ctx context.Context, o *T) error) *reviewREST {
	return &reviewREST{newFn: func() runtime.Object { return any(new(T)).(runtime.Object) }, singular: singular, namespaced: namespaced,
		create: func(ctx context.Context, obj runtime.Object) error { return create(ctx, any(obj).(*T)) }}
}

func accessReview(ctx context.Context, authz authorizer.Authorizer, u user.Info, r *authorizationv1.ResourceAttributes, n *authorizationv1.NonResourceAttributes) (s authorizationv1.SubjectAccessReviewStatus) {
	a := authorizer.AttributesRecord{User: u}
	switch {
	case r != nil:
		a.ResourceRequest, a.Verb, a.Namespace, a.Name = true, r.Verb, r.Namespace, r.Name
		a.APIGroup, a.APIVersion, a.Resource, a.Subresource = r.Group, r.Version, r.Resource, r.Subresource
	case n != nil:
		a.Verb, a.Path = n.Verb, n.Path
	}
	decision, reason, err := authz.Authorize(context.WithValue(ctx, dryAuthz{}, true), a)
	s.Allowed, s.Denied, s.Reason = decision == authorizer.DecisionAllow, decision == authorizer.DecisionDeny, reason
	if err != nil {
		s.EvaluationError = err.Error()
	}
	return s
}

func authorizationStorage(authz *rbacAuthorizer) map[string]rest.Storage {
	info := func(s authorizationv1.SubjectAccessReviewSpec) user.Info {
		extra := map[string][]string{}
		for k, v := range s.Extra {
			extra[k] = v
		}
		return &user.DefaultInfo{Name: s.User, UID: s.UID, Groups: s.Groups, Extra: extra}
	}
	return map[string]rest.Storage{
		"selfsubjectaccessreviews": review("selfsubjectaccessreview", false, func(ctx context.Context, o *authorizationv1.SelfSubjectAccessReview) error {
			u, _ := genericapirequest.UserFrom(ctx)
			o.Status = accessReview(ctx, authz, u, o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes)
			return nil
		}),
		"subjectaccessreviews": review("subjectaccessreview", false, func(ctx context.Context, o *authorizationv1.SubjectAccessReview) error {
			o.Status = accessReview(ctx, authz, info(o.Spec), o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes)
			return nil
		}),
		"localsubjectaccessreviews": review("localsubjectaccessreview", true, func(ctx context.Context, o *authorizationv1.LocalSubjectAccessReview) error {
			o.Status = accessReview(ctx, authz, info(o.Spec), o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes)
			return nil
		}),
		"selfsubjectrulesreviews": review("selfsubjectrulesreview", false, func(ctx context.Context, o *authorizationv1.SelfSubjectRulesReview) error {
			u, _ := genericapirequest.UserFrom(ctx)
			o.Status.ResourceRules, o.Status.NonResourceRules = []authorizationv1.ResourceRule{}, []authorizationv1.NonResourceRule{}
			for _, r := range authz.rulesFor(u, o.Spec.Namespace) {
				if len(r.Resources) > 0 {
					o.Status.ResourceRules = append(o.Status.ResourceRules, authorizationv1.ResourceRule{Verbs: r.Verbs, APIGroups: r.APIGroups, Resources: r.Resources, ResourceNames: r.ResourceNames})
				}
				if len(r.NonResourceURLs) > 0 {
					o.Status.NonResourceRules = append(o.Status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: r.Verbs, NonResourceURLs: r.NonResourceURLs})
				}
			}
			return nil
		}),
	}
}

func userInfo(u user.Info) authenticationv1.UserInfo {
	out := authenticationv1.UserInfo{Username: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups()}
	for k, v := range u.GetExtra() {
		if out.Extra == nil {
			out.Extra = map[string]authenticationv1.ExtraValue{}
		}
		out.Extra[k] = v
	}
	return out
}

func authenticationStorage(tokens authenticator.Token) map[string]rest.Storage {
	return map[string]rest.Storage{
		"tokenreviews": review("tokenreview", false, func(ctx context.Context, o *authenticationv1.TokenReview) error {
			resp, ok, err := tokens.AuthenticateToken(ctx, o.Spec.Token)
			if o.Status.Authenticated = ok && err == nil; o.Status.Authenticated {
				o.Status.User, o.Status.Audiences = userInfo(resp.User), []string{tokenIssuer}
			} else if err != nil {
				o.Status.Error = err.Error()
			}
			return nil
		}),
		"selfsubjectreviews": review("selfsubjectreview", false, func(ctx context.Context, o *authenticationv1.SelfSubjectReview) error {
			u, _ := genericapirequest.UserFrom(ctx)
			o.Status.UserInfo = userInfo(u)
			return nil
		}),
	}
}

// tokenREST is serviceaccounts/NAME/token.
type tokenREST struct {
	accounts *genericregistry.Store
	tokens   *serviceAccountTokens
}

func (r *tokenREST) New() runtime.Object { return &authenticationv1.TokenRequest{} }
func (r *tokenREST) Destroy()            {}
func (r *tokenREST) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")
}
func (r *tokenREST) Create(ctx context.Context, name string, obj runtime.Object, cv rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	sa, err := r.accounts.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	req := obj.(*authenticationv1.TokenRequest)
	if cv != nil {
		if err := cv(ctx, req.DeepCopy()); err != nil {
			return nil, err
		}
	}
	ttl := time.Hour
	if s := req.Spec.ExpirationSeconds; s != nil {
		ttl = time.Duration(*s) * time.Second
	}
	req.Name, req.Namespace = name, sa.(*corev1.ServiceAccount).Namespace
	expires := time.Now().Add(ttl)
	req.Status.ExpirationTimestamp = metav1.NewTime(expires)
	req.Status.Token, err = r.tokens.issue(sa.(*corev1.ServiceAccount), req.Spec.Audiences, expires)
	return req, err
}

// evictionREST is pods/NAME/eviction; disruption budgets are not consulted.
type evictionREST struct{ pods *genericregistry.Store }

func (r *evictionREST) New() runtime.Object { return &policyv1.Eviction{} }
func (r *evictionREST) Destroy()            {}
func (r *evictionREST) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return policyv1.SchemeGroupVersion.WithKind("Eviction")
}
func (r *evictionREST) Create(ctx context.Context, name string, obj runtime.Object, cv rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	options := obj.(*policyv1.Eviction).DeleteOptions
	if cv != nil {
		if err := cv(ctx, obj.DeepCopyObject()); err != nil {
			return nil, err
		}
	}
	if options == nil {
		options = &metav1.DeleteOptions{}
	}
	_, _, err := r.pods.Delete(ctx, name, rest.ValidateAllObjectFunc, options)
	return &metav1.Status{Status: metav1.StatusSuccess, Code: 201}, err
}

// --- rbac: nobody grants more than they have ---

var _, _ rest.StandardStorage = &namespaceREST{}, &escalationREST{}

// escalationREST wraps the storage of the four rbac resources.
type escalationREST struct {
	storeREST
	authz *rbacAuthorizer
}

func (r *escalationREST) Create(ctx context.Context, obj runtime.Object, cv rest.ValidateObjectFunc, o *metav1.CreateOptions) (runtime.Object, error) {
	if err := r.check(ctx, obj, nil); err != nil {
		return nil, err
	}
	return r.Store.Create(ctx, obj, cv, o)
}

func (r *escalationREST) Update(ctx context.Context, name string, info rest.UpdatedObjectInfo, cv rest.ValidateObjectFunc, uv rest.ValidateObjectUpdateFunc, force bool, o *metav1.UpdateOptions) (runtime.Object, bool, error) {
	checked := rest.WrapUpdatedObjectInfo(info, func(ctx context.Context, obj, old runtime.Object) (runtime.Object, error) {
		return obj, r.check(ctx, obj, old)
	})
	return r.Store.Update(ctx, name, checked, cv, uv, force, o)
}

func (r *escalationREST) check(ctx context.Context, obj, old runtime.Object) error {
	u, ok := genericapirequest.UserFrom(ctx)
	if !ok || inGroup(u, user.SystemPrivilegedGroup) {
		return nil
	}
	ns := genericapirequest.NamespaceValue(ctx)
	may := func(verb, resource, name, namespace string) bool {
		d, _, _ := r.authz.Authorize(context.WithValue(ctx, dryAuthz{}, true), authorizer.AttributesRecord{User: u, Verb: verb, APIGroup: rbacv1.GroupName, APIVersion: "v1",
			Resource: resource, Name: name, Namespace: namespace, ResourceRequest: true})
		return d == authorizer.DecisionAllow
	}
	var granted, before []rbacv1.PolicyRule
	grant := func(ref rbacv1.RoleRef, subjects []rbacv1.Subject) bool {
		resource := "roles"
		if ref.Kind == "ClusterRole" {
			resource = "clusterroles"
		}
		if may("bind", resource, ref.Name, ns) {
			return false
		}
		granted = r.authz.rulesOf(ref, ns)
		return true
	}
	name := obj.(metav1.Object).GetName()
	switch o := obj.(type) {
	case *rbacv1.Role:
		if granted = o.Rules; may("escalate", "roles", name, ns) {
			return nil
		}
		if old != nil {
			before = old.(*rbacv1.Role).Rules
		}
	case *rbacv1.ClusterRole:
		if granted = o.Rules; may("escalate", "clusterroles", name, "") {
			return nil
		}
		if old != nil {
			before = old.(*rbacv1.ClusterRole).Rules
		}
	case *rbacv1.RoleBinding:
		if !grant(o.RoleRef, o.Subjects) {
			return nil
		}
	case *rbacv1.ClusterRoleBinding:
		if !grant(o.RoleRef, o.Subjects) {
			return nil
		}
	}
	if same, _ := validation.Covers(before, granted); same {
		return nil
	}
	if ok, missing := validation.Covers(r.authz.rulesFor(u, ns), granted); !ok {
		return apierrors.NewForbidden(r.res.gv.WithResource(r.res.name).GroupResource(), name,
			fmt.Errorf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%v", u.GetName(), u.GetGroups(), missing))
	}
	return nil
}

func inGroup(u user.Info, group string) bool {
	for _, g := range u.GetGroups() {
		if g == group {
			return true
		}
	}
	return false
}
