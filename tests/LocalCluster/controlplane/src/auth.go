// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-helpers/auth/rbac/validation"
)

// --- RBAC from the live objects ---

type rbacAuthorizer struct {
	roles               rbaclisters.RoleLister
	roleBindings        rbaclisters.RoleBindingLister
	clusterRoles        rbaclisters.ClusterRoleLister
	clusterRoleBindings rbaclisters.ClusterRoleBindingLister
	synced              []cache.InformerSynced

	mu       sync.Mutex
	accesses map[string]bool
	log      *os.File
}

// dryAuthz marks, in a context, questions that are no accesses.
type dryAuthz struct{}

func newRBACAuthorizer(f informers.SharedInformerFactory, accessLog string) (*rbacAuthorizer, error) {
	log, err := os.OpenFile(accessLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	r := f.Rbac().V1()
	return &rbacAuthorizer{roles: r.Roles().Lister(), roleBindings: r.RoleBindings().Lister(), clusterRoles: r.ClusterRoles().Lister(),
		clusterRoleBindings: r.ClusterRoleBindings().Lister(), accesses: map[string]bool{}, log: log,
		synced: []cache.InformerSynced{r.Roles().Informer().HasSynced, r.RoleBindings().Informer().HasSynced,
			r.ClusterRoles().Informer().HasSynced, r.ClusterRoleBindings().Informer().HasSynced}}, err
}

func (a *rbacAuthorizer) Authorize(ctx context.Context, r authorizer.Attributes) (authorizer.Decision, string, error) {
	u := r.GetUser()
	if inGroup(u, user.SystemPrivilegedGroup) {
		return authorizer.DecisionAllow, "", nil
	}
	resource := r.GetResource()
	if s := r.GetSubresource(); s != "" {
		resource += "/" + s
	}
	want := rbacv1.PolicyRule{Verbs: []string{r.GetVerb()}}
	if r.IsResourceRequest() {
		want.APIGroups, want.Resources = []string{r.GetAPIGroup()}, []string{resource}
		if r.GetName() != "" {
			want.ResourceNames = []string{r.GetName()}
		}
	} else {
		want.NonResourceURLs = []string{r.GetPath()}
	}
	// Upstream's authorizer, too, refuses what is asked before it knows all
	// roles. Such a refusal says nothing of them, and is not recorded.
	known := a.knowsRoles()
	allowed, _ := validation.Covers(a.rulesFor(u, r.GetNamespace()), []rbacv1.PolicyRule{want})
	if ctx.Value(dryAuthz{}) == nil && (allowed || known) {
		a.record(u, r, resource, allowed)
	}
	if allowed {
		return authorizer.DecisionAllow, "RBAC: allowed", nil
	}
	return authorizer.DecisionNoOpinion, "", nil
}

func (a *rbacAuthorizer) knowsRoles() bool {
	for _, synced := range a.synced {
		if !synced() {
			return false
		}
	}
	return true
}

// record writes every distinct access of a non-admin once to access.jsonl, so
// that a test can compare what an operator used with what its role grants.
func (a *rbacAuthorizer) record(u user.Info, r authorizer.Attributes, resource string, allowed bool) {
	line, _ := json.Marshal(map[string]interface{}{"user": u.GetName(), "verb": r.GetVerb(), "group": r.GetAPIGroup(), "resource": resource,
		"namespace": r.GetNamespace(), "name": r.GetName(), "path": map[bool]string{false: r.GetPath()}[r.IsResourceRequest()], "allowed": allowed})
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.accesses[string(line)] && len(a.accesses) < 100000 {
		a.accesses[string(line)] = true
		a.log.Write(append(line, '\n'))
	}
}

func (a *rbacAuthorizer) rulesOf(ref rbacv1.RoleRef, namespace string) []rbacv1.PolicyRule {
	if ref.Kind == "ClusterRole" {
		if role, err := a.clusterRoles.Get(ref.Name); err == nil {
			return role.Rules
		}
	} else if role, err := a.roles.Roles(namespace).Get(ref.Name); err == nil {
		return role.Rules
	}
	return nil
}

// rulesFor are the rules that bind the user in the namespace, or cluster wide
// when it is empty.
func (a *rbacAuthorizer) rulesFor(u user.Info, namespace string) (rules []rbacv1.PolicyRule) {
	crbs, _ := a.clusterRoleBindings.List(labels.Everything())
	for _, b := range crbs {
		if applies(b.Subjects, u, "") {
			rules = append(rules, a.rulesOf(b.RoleRef, "")...)
		}
	}
	if namespace != "" {
		rbs, _ := a.roleBindings.RoleBindings(namespace).List(labels.Everything())
		for _, b := range rbs {
			if applies(b.Subjects, u, namespace) {
				rules = append(rules, a.rulesOf(b.RoleRef, namespace)...)
			}
		}
	}
	return rules
}

func applies(subjects []rbacv1.Subject, u user.Info, namespace string) bool {
	for _, s := range subjects {
		switch s.Kind {
		case rbacv1.UserKind:
			if s.Name == u.GetName() {
				return true
			}
		case rbacv1.GroupKind:
			if inGroup(u, s.Name) {
				return true
			}
		case rbacv1.ServiceAccountKind:
			ns := s.Namespace
			if ns == "" {
				ns = namespace
			}
			if ns != "" && serviceaccount.MatchesUsername(ns, s.Name, u.GetName()) {
				return true
			}
		}
	}
	return false
}

// --- service account tokens: HS256 JWTs under a key of this server ---

const tokenIssuer = "https://kubernetes.default.svc"

type serviceAccountTokens struct {
	key    []byte
	client kubernetes.Interface
}

type tokenClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   []string `json:"aud"`
	Expires    int64    `json:"exp"`
	IssuedAt   int64    `json:"iat"`
	Kubernetes struct {
		Namespace      string `json:"namespace"`
		ServiceAccount struct {
			Name string `json:"name"`
			UID  string `json:"uid"`
		} `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

func newServiceAccountTokens(keyFile string, client kubernetes.Interface) (*serviceAccountTokens, error) {
	key, err := os.ReadFile(keyFile)
	if errors.Is(err, os.ErrNotExist) {
		key = make([]byte, 32)
		rand.Read(key)
		err = os.WriteFile(keyFile, key, 0o600)
	}
	return &serviceAccountTokens{key, client}, err
}

func (t *serviceAccountTokens) sign(body string) string {
	h := hmac.New(sha256.New, t.key)
	h.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (t *serviceAccountTokens) issue(sa *corev1.ServiceAccount, audiences []string, expires time.Time) (string, error) {
	c := tokenClaims{Issuer: tokenIssuer, Subject: serviceaccount.MakeUsername(sa.Namespace, sa.Name), Audience: audiences, Expires: expires.Unix(), IssuedAt: time.Now().Unix()}
	if len(audiences) == 0 {
		c.Audience = []string{tokenIssuer}
	}
	c.Kubernetes.Namespace, c.Kubernetes.ServiceAccount.Name, c.Kubernetes.ServiceAccount.UID = sa.Namespace, sa.Name, string(sa.UID)
	payload, err := json.Marshal(c)
	body := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return body + "." + t.sign(body), err
}

func (t *serviceAccountTokens) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	i := strings.LastIndex(token, ".")
	if strings.Count(token, ".") != 2 {
		return nil, false, nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(token[strings.Index(token, ".")+1 : i])
	var c tokenClaims
	if err != nil || json.Unmarshal(payload, &c) != nil || c.Issuer != tokenIssuer {
		return nil, false, nil
	}
	if !hmac.Equal([]byte(t.sign(token[:i])), []byte(token[i+1:])) {
		return nil, false, errors.New("invalid service account token signature")
	}
	if time.Now().Unix() > c.Expires {
		return nil, false, errors.New("service account token has expired")
	}
	if !contains(c.Audience, tokenIssuer) {
		return nil, false, errors.New("service account token is for another audience")
	}
	ns, name, uid := c.Kubernetes.Namespace, c.Kubernetes.ServiceAccount.Name, c.Kubernetes.ServiceAccount.UID
	sa, err := t.client.CoreV1().ServiceAccounts(ns).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || (err == nil && string(sa.UID) != uid) {
		return nil, false, errors.New("service account token has been invalidated")
	}
	if err != nil {
		return nil, false, fmt.Errorf("service account of the token: %w", err)
	}
	return &authenticator.Response{User: serviceaccount.UserInfo(ns, name, uid)}, true, nil
}

// staticServiceAccounts adds the groups of service accounts to the users of
// the token file that are named like one.
func staticServiceAccounts(next authenticator.Token) authenticator.Token {
	return authenticator.TokenFunc(func(ctx context.Context, token string) (*authenticator.Response, bool, error) {
		resp, ok, err := next.AuthenticateToken(ctx, token)
		if ok && err == nil {
			if ns, name, split := serviceaccount.SplitUsername(resp.User.GetName()); split == nil {
				resp.User = serviceaccount.UserInfo(ns, name, resp.User.GetUID())
			}
		}
		return resp, ok, err
	})
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// --- default roles ---

func bootstrapRBAC(ctx context.Context, client kubernetes.Interface) error {
	rule := func(groups, resources, verbs string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: strings.Split(groups, ","), Resources: strings.Split(resources, ","), Verbs: strings.Split(verbs, ",")}
	}
	urls := func(paths string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{NonResourceURLs: strings.Split(paths, ","), Verbs: []string{"get"}}
	}
	read, write := "get,list,watch", "create,delete,deletecollection,patch,update"
	coreData := "configmaps,endpoints,persistentvolumeclaims,pods,services,serviceaccounts"
	workloads := []rbacv1.PolicyRule{
		rule("apps", "daemonsets,deployments,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale", ""),
		rule("autoscaling", "horizontalpodautoscalers", ""), rule("batch", "cronjobs,jobs", ""),
		rule("networking.k8s.io", "ingresses,networkpolicies", ""), rule("policy", "poddisruptionbudgets", ""),
	}
	with := func(verbs, core string, extra ...rbacv1.PolicyRule) []rbacv1.PolicyRule {
		out := []rbacv1.PolicyRule{rule("", core, verbs)}
		for _, w := range workloads {
			w.Verbs = strings.Split(verbs, ",")
			out = append(out, w)
		}
		return append(out, extra...)
	}
	aggregate := "rbac.authorization.k8s.io/aggregate-to-"
	roles := map[string][]rbacv1.PolicyRule{
		"cluster-admin":             {rule("*", "*", "*"), {NonResourceURLs: []string{"*"}, Verbs: []string{"*"}}},
		"system:discovery":          {urls("/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/")},
		"system:public-info-viewer": {urls("/healthz,/livez,/readyz,/version,/version/")},
		"system:basic-user":         {rule("authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews", "create"), rule("authentication.k8s.io", "selfsubjectreviews", "create")},
		"system:aggregate-to-view":  with(read, coreData, rule("", "namespaces,events", read), rule("discovery.k8s.io", "endpointslices", read)),
		"system:aggregate-to-edit":  with(write, coreData+",secrets,events", rule("", "secrets", read), rule("", "serviceaccounts/token", "create"), rule("coordination.k8s.io", "leases", read+","+write)),
		"system:aggregate-to-admin": {rule("rbac.authorization.k8s.io", "roles,rolebindings", read+","+write), rule("authorization.k8s.io", "localsubjectaccessreviews", "create")},
		"view":                      nil,
		"edit":                      nil,
		"admin":                     nil,
	}
	for name, rules := range roles {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"}}, Rules: rules}
		if to, ok := strings.CutPrefix(name, "system:aggregate-to-"); ok {
			role.Labels[aggregate+to] = "true"
		}
		if rules == nil { // view is part of edit, and edit of admin, as in Kubernetes
			role.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{aggregate + name: "true"}}}}
			if up := map[string]string{"view": "edit", "edit": "admin"}[name]; up != "" {
				role.Labels[aggregate+up] = "true"
			}
		}
		if _, err := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	for name, groups := range map[string]string{"cluster-admin": "system:masters", "system:discovery": "system:authenticated", "system:basic-user": "system:authenticated",
		"system:public-info-viewer": "system:authenticated,system:unauthenticated"} {
		b := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}}
		for _, g := range strings.Split(groups, ",") {
			b.Subjects = append(b.Subjects, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: g})
		}
		if _, err := client.RbacV1().ClusterRoleBindings().Create(ctx, b, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}
