using System.Globalization;
using System.Net;
using System.Text.Json;

namespace LlmOps.Kubernetes.Tests;

/// <summary>One Lease, with the rules that matter: create once, replace only the newest version.</summary>
internal sealed class FakeLeases
{
    private readonly Lock sync = new();
    private int version;

    public Lease? Lease { get; private set; }

    public int Writes { get; private set; }

    /// <param name="before">Runs before each answer; may never end.</param>
    public KubernetesClient Client(TimeProvider time, Func<CancellationToken, Task>? before = null) => new FakeApi(async (request, ct) =>
    {
        if (before is not null)
            await before(ct);
        return Answer(request);
    }).Client(time);

    private HttpResponseMessage Answer(FakeRequest request)
    {
        lock (sync)
        {
            switch (request.Method)
            {
                case "GET":
                    return Lease is null ? FakeApi.NotFound() : Ok();
                case "POST" when Lease is not null:
                    return FakeApi.Failure(409, "AlreadyExists");
                case "PUT" when Lease is null:
                    return FakeApi.NotFound();
            }

            var next = JsonSerializer.Deserialize(request.Body!, KubernetesJson.Default.Lease)!;
            if (request.Method == "PUT" && next.Metadata.ResourceVersion != Lease!.Metadata.ResourceVersion)
                return FakeApi.Failure(409, "Conflict");
            Writes++;
            Lease = next with
            {
                Metadata = next.Metadata with { Uid = "lease", ResourceVersion = (++version).ToString(CultureInfo.InvariantCulture) },
            };
            return Ok();
        }
    }

    private HttpResponseMessage Ok() =>
        FakeApi.Json(JsonSerializer.Serialize(Lease!, KubernetesJson.Default.Lease), HttpStatusCode.OK);
}
