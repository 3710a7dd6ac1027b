using System.Text.Json;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class GatewayEvidenceTests
{
    [Fact]
    public void All_counts_are_read() => Assert.Equal(
        [
            new EvidenceRow("g1", 2, 20, new(900, 1) { Units = 800 }, new(300, 9, [5, 4, 3, 2, 1])
            {
                Units = 280,
                SlowTimePerOutputToken = [6, 5, 4, 3, 2],
                LongOutput = [7, 6, 5],
                Costly = [8, 7, 6],
                Blocked = 1,
                NegativeFeedback = 2,
                OverLimit = [new("ttft:2", 3, 200)],
                RenderFailures = 4,
                Unauthorized = 5,
            }) { Mirrored = true },
        ],
        Read("""
            {"epoch":2,"weight":20,"mirrored":true,"stable":{"requests":900,"units":800,"errors":1},
             "candidate":{"requests":300,"units":280,"errors":9,"slowTtft":[5,4,3,2,1],"slowTimePerOutputToken":[6,5,4,3,2],"longOutput":[7,6,5],"costly":[8,7,6],
                          "blocked":1,"negativeFeedback":2,"overLimit":[{"key":"ttft:2","over":3,"of":200}],"renderFailures":4,"unauthorized":5}}
            """));

    [Fact]
    public void A_gateway_of_the_version_before_counts_none_of_the_new() => Assert.Equal(
        [new EvidenceRow("g1", 1, 5, new(900, 1, [9, 8, 7, 6, 5]), new(300, 9))],
        Read("""{"epoch":1,"weight":5,"ttftThresholdsSeconds":[],"stable":{"requests":900,"errors":1,"slowTtft":[9,8,7,6,5]},"candidate":{"requests":300,"errors":9,"slowTtft":null}}"""));

    [Fact]
    public void What_answers_were_like_is_read_as_far_as_it_is_told() => Assert.Equal(
        [new RecentAnswers(new(new(640, 0.21, 0.48), new(600, 0.018, 0.03), new(610, 140, 390)), new(new(212, 0.22, 1.06)))],
        JsonSerializer.Deserialize(
            """
            {"process":"g1","rollouts":[{"namespace":"default","name":"bot","rollout":"0a1b2c3d","epochs":[],"recent":{
              "stable":{"ttftSeconds":{"answers":640,"p50":0.21,"p95":0.48},"timePerOutputTokenSeconds":{"answers":600,"p50":0.018,"p95":0.03},"outputTokens":{"answers":610,"p50":140,"p95":390}},
              "candidate":{"ttftSeconds":{"answers":212,"p50":0.22,"p95":1.06}}}}]}
            """,
            GatewayEvidenceJson.Default.GatewayEvidence)!.RecentAnswers("default", "bot", "0a1b2c3d"));

    private static IEnumerable<EvidenceRow> Read(string epoch) => JsonSerializer
        .Deserialize($$"""{"process":"g1","rollouts":[{"namespace":"default","name":"bot","rollout":"0a1b2c3d","epochs":[{{epoch}}]}]}""", GatewayEvidenceJson.Default.GatewayEvidence)!
        .Rows("default", "bot", "0a1b2c3d");
}
