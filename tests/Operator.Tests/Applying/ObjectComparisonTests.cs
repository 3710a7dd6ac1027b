using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using Xunit;

namespace LlmOps.Operator.Tests.Applying;

public sealed class ObjectComparisonTests
{
    private static readonly Deployment Desired = ObjectComparison.WithHash(new Deployment
    {
        Metadata = new ObjectMeta { Name = "bot", Namespace = "default" },
        Spec = new DeploymentSpec { Replicas = 2, Template = Template("cpu", "1000m") },
    });

    [Fact]
    public void What_the_server_added_and_how_it_spells_quantities_does_not_count()
    {
        var live = Desired with
        {
            Metadata = Desired.Metadata with { Uid = "uid", ResourceVersion = "7", Generation = 3 },
            Spec = Desired.Spec! with { RevisionHistoryLimit = 10, Template = Template("cpu", "1") },
            Status = new DeploymentStatus { Replicas = 2 },
        };
        Assert.True(ObjectComparison.IsApplied(live, Desired));
    }

    [Fact]
    public void A_field_with_another_value_counts() =>
        Assert.False(ObjectComparison.IsApplied(Desired with { Spec = Desired.Spec! with { Replicas = 3 } }, Desired));

    [Fact]
    public void A_field_that_is_no_longer_wanted_counts_although_everything_wanted_is_there()
    {
        var less = ObjectComparison.WithHash(new Deployment { Metadata = new ObjectMeta { Name = "bot", Namespace = "default" }, Spec = new DeploymentSpec { Replicas = 2 } });
        Assert.False(ObjectComparison.IsApplied(Desired, less));
    }

    [Fact]
    public void A_container_that_somebody_added_counts()
    {
        var pod = Desired.Spec!.Template!.Spec!;
        var live = Desired with { Spec = Desired.Spec with { Template = new PodTemplateSpec { Spec = pod with { Containers = [.. pod.Containers, new Container { Name = "sidecar" }] } } } };
        Assert.False(ObjectComparison.IsApplied(live, Desired));
    }

    [Fact]
    public void What_the_server_made_of_a_wish_is_known_again_until_something_in_its_place_changes()
    {
        var wanted = Desired with { Metadata = Desired.Metadata with { OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "A", Name = "a", Uid = "a" }] } };
        var answer = wanted with
        {
            Metadata = wanted.Metadata with { Uid = "uid", ResourceVersion = "7" },
            Spec = wanted.Spec! with { Replicas = 5, RevisionHistoryLimit = 10 },
        };
        var known = ObjectComparison.Fingerprint(answer, wanted);
        string Of(Deployment live) => ObjectComparison.Fingerprint(live, wanted);

        Assert.Equal(known, Of(answer with { Metadata = answer.Metadata with { ResourceVersion = "8", Labels = new Dictionary<string, string> { ["a"] = "b" } }, Status = new DeploymentStatus { Replicas = 2 }, Spec = answer.Spec with { RevisionHistoryLimit = 3 } }));
        Assert.NotEqual(known, Of(answer with { Spec = answer.Spec with { Replicas = 6 } }));
        Assert.NotEqual(known, Of(answer with { Metadata = answer.Metadata with { Uid = "another" } }));
        Assert.NotEqual(known, Of(answer with { Metadata = answer.Metadata with { OwnerReferences = null } }));
        Assert.NotEqual(known, ObjectComparison.Fingerprint(answer, ObjectComparison.WithHash(wanted with { Spec = wanted.Spec with { Replicas = 3 } })));
    }

    private static PodTemplateSpec Template(string resource, string quantity) => new()
    {
        Spec = new PodSpec { Containers = [new Container { Name = "engine", Resources = new ResourceRequirements { Requests = new Dictionary<string, string> { [resource] = quantity } } }] },
    };
}
