using System.ComponentModel;
using LlmOps.LocalCluster;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>
/// A fact that is also inherited by classes marked with <see cref="RequiresRealApiServerAttribute"/>, where it is skipped,
/// with the reason, on machines on which the real API server cannot be had.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("LlmOps.Kubernetes.Tests.Conformance.ConformanceFactDiscoverer", "LlmOps.Kubernetes.Tests")]
public sealed class ConformanceFactAttribute : FactAttribute;

/// <summary>The tests of this class need the real API server.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresRealApiServerAttribute : Attribute;

/// <summary>Makes <see cref="ConformanceTestCase"/>s. Created by xunit.</summary>
public sealed class ConformanceFactDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new ConformanceTestCase(diagnostics, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}

/// <summary>A test that knows whether its class can run here.</summary>
public sealed class ConformanceTestCase : XunitTestCase
{
    /// <summary>Asked once: the answer costs a process.</summary>
    internal static readonly Lazy<ControlPlaneAvailability> RealApiServer = new(ControlPlane.Probe);

    public ConformanceTestCase(IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions displayOptions, ITestMethod testMethod)
        : base(diagnostics, display, displayOptions, testMethod)
    {
    }

    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("Called by xunit when it reads the test case back.")]
    public ConformanceTestCase()
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute)
    {
        var needsReal = TestMethod.TestClass.Class.GetCustomAttributes(typeof(RequiresRealApiServerAttribute)).Any();
        return needsReal && !RealApiServer.Value.IsAvailable ? $"no real API server here: {RealApiServer.Value.Reason}" : base.GetSkipReason(factAttribute);
    }
}
