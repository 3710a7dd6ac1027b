// SPDX-License-Identifier: Apache-2.0

// Command controlplane is one process that serves the Kubernetes API from the
// upstream libraries, for integration tests: custom resources through
// k8s.io/apiextensions-apiserver, the built-in groups through the generic
// registry of k8s.io/apiserver, stored in etcd. There is no scheduler, no
// kubelet and no workload controller.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	noopoteltrace "go.opentelemetry.io/otel/trace/noop"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	crdoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/version"
	webhookinit "k8s.io/apiserver/pkg/admission/plugin/webhook/initializer"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	unionrequest "k8s.io/apiserver/pkg/authentication/request/union"
	x509request "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/cache"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	uniontoken "k8s.io/apiserver/pkg/authentication/token/union"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/metadata"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
)

type options struct {
	etcd, dataDir, tokenFile string
	port                     int
	simulate                 bool
}

func main() {
	var o options
	klog.InitFlags(nil)
	flag.StringVar(&o.etcd, "etcd-servers", "http://127.0.0.1:2379", "comma separated etcd URLs")
	flag.IntVar(&o.port, "secure-port", 6443, "port on 127.0.0.1")
	flag.StringVar(&o.dataDir, "data-dir", "", "directory of the CA, certificates, keys, kubeconfig and access log")
	flag.StringVar(&o.tokenFile, "token-auth-file", "", "CSV of token,user,uid,\"group,group\"")
	flag.BoolVar(&o.simulate, "simulate-workloads", false, "report deployments and stateful sets as ready")
	flag.Parse()
	if o.dataDir == "" {
		fmt.Fprintln(os.Stderr, "--data-dir is required")
		os.Exit(2)
	}
	if err := run(genericapiserver.SetupSignalContext(), o); err != nil {
		klog.ErrorS(err, "controlplane failed")
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	file := func(name string) string { return filepath.Join(o.dataDir, name) }
	caPEM, err := ensureCertificates(o, file)
	if err != nil {
		return err
	}

	// The generic configuration.
	cfg := genericapiserver.NewRecommendedConfig(codecs)
	serverRun := genericoptions.NewServerRunOptions()
	if err := serverRun.Complete(); err != nil {
		return err
	}
	if err := serverRun.ApplyTo(&cfg.Config); err != nil {
		return err
	}
	cfg.ExternalAddress, cfg.PublicAddress = fmt.Sprintf("127.0.0.1:%d", o.port), net.IPv4(127, 0, 0, 1)
	secure := genericoptions.NewSecureServingOptions().WithLoopback()
	secure.BindAddress, secure.BindPort = net.IPv4(127, 0, 0, 1), o.port
	secure.ServerCert.CertKey = genericoptions.CertKey{CertFile: file("server.crt"), KeyFile: file("server.key")}
	if err := secure.ApplyToConfig(&cfg.Config); err != nil {
		return err
	}
	definitions := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(openAPIDefinitions)
	namer := openapinamer.NewDefinitionNamer(crdserver.Scheme, clientscheme.Scheme)
	cfg.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, namer)
	cfg.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, namer)
	cfg.OpenAPIConfig.Info.Title, cfg.OpenAPIV3Config.Info.Title = "Kubernetes", "Kubernetes"
	cfg.MergedResourceConfig = crdserver.DefaultAPIResourceConfigSource()

	// Storage: one etcd, two codecs.
	etcd := genericoptions.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", crdserver.Codecs.LegacyCodec(apiextensionsv1.SchemeGroupVersion)))
	etcd.StorageConfig.Transport.ServerList = strings.Split(o.etcd, ",")
	etcd.StorageConfig.StorageObjectCountTracker = cfg.StorageObjectCountTracker
	if err := etcd.ApplyTo(&cfg.Config); err != nil {
		return err
	}
	builtin := *etcd
	builtin.StorageConfig.Codec = codecs.LegacyCodec(served...)
	getter := builtin.CreateRESTOptionsGetter(&genericoptions.SimpleStorageFactory{StorageConfig: builtin.StorageConfig}, nil)

	// Clients of the server itself.
	loopback := cfg.LoopbackClientConfig
	client, err := kubernetes.NewForConfig(loopback)
	if err != nil {
		return err
	}
	dynamicClient, err := dynamic.NewForConfig(loopback)
	if err != nil {
		return err
	}
	metaClient, err := metadata.NewForConfig(metadata.ConfigFor(loopback))
	if err != nil {
		return err
	}
	cfg.ClientConfig = loopback
	cfg.SharedInformerFactory = informers.NewSharedInformerFactory(client, 10*time.Minute)
	inf := cfg.SharedInformerFactory

	// Authentication.
	ca, err := dynamiccertificates.NewStaticCAContent("client-ca", caPEM)
	if err != nil {
		return err
	}
	if err := cfg.Authentication.ApplyClientCert(ca, cfg.SecureServing); err != nil {
		return err
	}
	accountTokens, err := newServiceAccountTokens(file("service-account.key"), client)
	if err != nil {
		return err
	}
	tokens := []authenticator.Token{cache.New(accountTokens, false, 5*time.Second, 0)}
	if o.tokenFile != "" {
		static, err := tokenfile.NewCSV(o.tokenFile)
		if err != nil {
			return err
		}
		tokens = append(tokens, staticServiceAccounts(static))
	}
	anyToken := uniontoken.New(tokens...)
	cfg.Authentication.Authenticator = unionrequest.NewFailOnError(
		group.NewAuthenticatedGroupAdder(unionrequest.New(x509request.NewDynamic(ca.VerifyOptions, x509request.CommonNameUserConversion), bearertoken.New(anyToken))),
		anonymous.NewAuthenticator(nil))

	// Authorization.
	authz, err := newRBACAuthorizer(inf, file("access.jsonl"))
	if err != nil {
		return err
	}
	cfg.Authorization.Authorizer = authz
	cfg.RuleResolver = nil

	// Admission: namespace lifecycle, admission policies, webhooks.
	slices, err := proxy.NewEndpointSliceListerGetter(inf.Discovery().V1().EndpointSlices().Lister())
	if err != nil {
		return err
	}
	services := &serviceResolver{inf.Core().V1().Services().Lister(), slices}
	webhookAuth := webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, loopback, noopoteltrace.NewTracerProvider())
	admission := genericoptions.NewAdmissionOptions()
	if err := admission.ApplyTo(&cfg.Config, inf, client, dynamicClient, utilfeature.DefaultFeatureGate, cfg.EffectiveVersion,
		webhookinit.NewPluginInitializer(webhookAuth, services)); err != nil {
		return err
	}

	// The custom resources, then the built-in groups in the same server.
	crds := crdserver.Config{GenericConfig: cfg, ExtraConfig: crdserver.ExtraConfig{
		CRDRESTOptionsGetter: crdoptions.NewCRDRESTOptionsGetter(*etcd, nil, cfg.StorageObjectCountTracker),
		MasterCount:          1, ServiceResolver: services, AuthResolverWrapper: webhookAuth}}
	completed := crds.Complete()
	completed.GenericConfig.EnableDiscovery = true // Complete turns it off, for the aggregator
	completed.GenericConfig.EnableProfiling = true // its heap?gc=1 lets a bench choose when garbage is collected
	server, err := completed.New(genericapiserver.NewEmptyDelegate())
	if err != nil {
		return err
	}
	api := server.GenericAPIServer
	if err := installBuiltins(api, getter, authz, anyToken, accountTokens); err != nil {
		return err
	}

	loops := &controllers{client: client, meta: metaClient, informers: inf, caPEM: string(caPEM), simulate: o.simulate,
		monitors: map[schema.GroupVersionResource]*monitor{}, absent: map[types.UID]bool{}, dirty: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	inf.Core().V1().Namespaces().Lister()
	inf.Core().V1().ServiceAccounts().Lister()
	inf.Core().V1().ConfigMaps().Lister()
	inf.Apps().V1().Deployments().Lister()
	inf.Apps().V1().StatefulSets().Lister()
	crdInformer := server.Informers.Apiextensions().V1().CustomResourceDefinitions().Informer()
	onCRD := func(obj interface{}) {
		if crd, ok := obj.(*apiextensionsv1.CustomResourceDefinition); ok {
			addGroup(api, crd, crdInformer.GetStore().List())
		}
		poke(loops.changed)
	}
	crdInformer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{AddFunc: onCRD, UpdateFunc: func(_, o interface{}) { onCRD(o) }, DeleteFunc: onCRD})
	api.AddPostStartHookOrDie("controlplane-bootstrap", func(hook genericapiserver.PostStartHookContext) error {
		err := wait.PollUntilContextTimeout(hook, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
			if err := bootstrap(ctx, client); err != nil {
				klog.V(2).InfoS("Bootstrap will be tried again", "err", err)
				return false, nil
			}
			return true, nil
		})
		go loops.run(hook)
		return err
	})
	return api.PrepareRun().RunWithContext(ctx)
}

// installBuiltins installs the built-in API groups.
func installBuiltins(s *genericapiserver.GenericAPIServer, getter generic.RESTOptionsGetter, authz *rbacAuthorizer, tokens authenticator.Token, accounts *serviceAccountTokens) error {
	storages := map[string]map[string]map[string]rest.Storage{} // group, version, resource
	into := func(group, version string) map[string]rest.Storage {
		if storages[group] == nil {
			storages[group] = map[string]map[string]rest.Storage{}
		}
		if storages[group][version] == nil {
			storages[group][version] = map[string]rest.Storage{}
		}
		return storages[group][version]
	}
	for _, r := range resources() {
		m := into(r.gv.Group, r.gv.Version)
		store, err := r.build(getter, m)
		if err != nil {
			return err
		}
		switch {
		case r.kind == "Namespace":
			store.ShouldDeleteDuringUpdate = shouldDeleteNamespaceDuringUpdate
			finalize := *store
			finalize.UpdateStrategy = finalizeStrategy{store.UpdateStrategy.(strategy)}
			m[r.name], m[r.name+"/finalize"] = &namespaceREST{*m[r.name].(*storeREST)}, &subREST{&finalize}
		case r.kind == "Pod":
			m[r.name+"/eviction"] = &evictionREST{store}
		case r.kind == "ServiceAccount":
			m[r.name+"/token"] = &tokenREST{store, accounts}
		case r.kind == "Event":
			into("events.k8s.io", "v1")[r.name] = m[r.name]
		case r.gv.Group == rbacv1.GroupName:
			m[r.name] = &escalationREST{*m[r.name].(*storeREST), authz}
		}
	}
	storages["authorization.k8s.io"] = map[string]map[string]rest.Storage{"v1": authorizationStorage(authz)}
	storages["authentication.k8s.io"] = map[string]map[string]rest.Storage{"v1": authenticationStorage(tokens)}

	var groups []*genericapiserver.APIGroupInfo
	for _, gv := range served {
		if storages[gv.Group] == nil {
			continue
		}
		info := genericapiserver.NewDefaultAPIGroupInfo(gv.Group, scheme, metav1.ParameterCodec, codecs)
		info.VersionedResourcesStorageMap = storages[gv.Group]
		delete(storages, gv.Group)
		if gv.Group == "" {
			if err := s.InstallLegacyAPIGroup(genericapiserver.DefaultLegacyAPIPrefix, &info); err != nil {
				return err
			}
			continue
		}
		groups = append(groups, &info)
	}
	return s.InstallAPIGroups(groups...)
}

// addGroup keeps the unaggregated /apis in step with the CRDs; in Kubernetes
// that is the aggregator's part.
func addGroup(s *genericapiserver.GenericAPIServer, changed *apiextensionsv1.CustomResourceDefinition, all []interface{}) {
	versions := map[string]bool{}
	for _, o := range all {
		if crd := o.(*apiextensionsv1.CustomResourceDefinition); crd.Spec.Group == changed.Spec.Group {
			for _, v := range crd.Spec.Versions {
				if v.Served {
					versions[v.Name] = true
				}
			}
		}
	}
	g := metav1.APIGroup{Name: changed.Spec.Group}
	names := sortedKeys(versions)
	sort.Slice(names, func(i, j int) bool { return version.CompareKubeAwareVersionStrings(names[i], names[j]) > 0 })
	for _, v := range names {
		g.Versions = append(g.Versions, metav1.GroupVersionForDiscovery{GroupVersion: g.Name + "/" + v, Version: v})
	}
	if len(g.Versions) == 0 {
		s.DiscoveryGroupManager.RemoveGroup(g.Name)
		return
	}
	g.PreferredVersion = g.Versions[0]
	s.DiscoveryGroupManager.AddGroup(g)
}

func bootstrap(ctx context.Context, client kubernetes.Interface) error {
	for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return bootstrapRBAC(ctx, client)
}

// serviceResolver finds the endpoint of a webhook's service: the ready address
// in its EndpointSlices.
type serviceResolver struct {
	services corelisters.ServiceLister
	slices   proxy.EndpointSliceGetter
}

func (r *serviceResolver) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	return proxy.ResolveEndpoint(r.services, r.slices, namespace, name, port)
}

// --- certificates and kubeconfig ---

func ensureCertificates(o options, file func(string) string) ([]byte, error) {
	if err := os.MkdirAll(o.dataDir, 0o700); err != nil {
		return nil, err
	}
	if ca, err := os.ReadFile(file("ca.crt")); err == nil {
		return ca, writeKubeconfig(o, file, ca)
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	template := func(cn string, orgs ...string) *x509.Certificate {
		serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
		return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: cn, Organization: orgs},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := template("controlplane-ca")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	server := template("kube-apiserver")
	server.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	admin := template("kubernetes-admin", "system:masters")
	admin.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, c := range []struct {
		name string
		cert *x509.Certificate
	}{{"server", server}, {"admin", admin}, {"ca", ca}} {
		key := caKey
		if c.cert != ca {
			if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
				return nil, err
			}
		}
		der, err := x509.CreateCertificate(rand.Reader, c.cert, ca, &key.PublicKey, caKey)
		if err != nil {
			return nil, err
		}
		keyDER, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(file(c.name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file(c.name+".crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			return nil, err
		}
	}
	caPEM, err := os.ReadFile(file("ca.crt"))
	if err != nil {
		return nil, err
	}
	return caPEM, writeKubeconfig(o, file, caPEM)
}

func writeKubeconfig(o options, file func(string) string, ca []byte) error {
	cert, err := os.ReadFile(file("admin.crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(file("admin.key"))
	if err != nil {
		return err
	}
	c := clientcmdapi.NewConfig()
	c.Clusters["local"] = &clientcmdapi.Cluster{Server: fmt.Sprintf("https://127.0.0.1:%d", o.port), CertificateAuthorityData: ca}
	c.AuthInfos["admin"] = &clientcmdapi.AuthInfo{ClientCertificateData: cert, ClientKeyData: key}
	c.Contexts["local"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: "admin"}
	c.CurrentContext = "local"
	return clientcmd.WriteToFile(*c, file("kubeconfig"))
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func age(t metav1.Time) string { return duration.HumanDuration(time.Since(t.Time)) }
