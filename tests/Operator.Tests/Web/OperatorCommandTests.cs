using LlmOps.Operator.Hosting;
using Xunit;

namespace LlmOps.Operator.Tests.Web;

/// <summary>What the command line takes.</summary>
public sealed class OperatorCommandTests
{
    [Theory]
    [InlineData]
    [InlineData("--lease-name=llmops-operator")]
    [InlineData("--lease-name=a23456789-123456789-123456789-123456789-123456789")]
    [InlineData("--lease-duration=15", "--lease-renew-deadline=10", "--lease-retry-period=2")]
    [InlineData("--allow-check-url=https://evals.example.com/api", "--allow-check-url=http://quality.evals.svc:8000")]
    public void What_can_be_is_taken(params string[] words) => Assert.Empty(Errors(words));

    [Theory]
    [InlineData("--lease-name", "--lease-name=")]
    [InlineData("--lease-name", "--lease-name=Mine")]
    [InlineData("--lease-name", "--lease-name=a.b")]
    [InlineData("--lease-name", "--lease-name=a23456789-123456789-123456789-123456789-1234567890")]
    [InlineData("--lease-retry-period", "--lease-retry-period=0")]
    [InlineData("--lease-duration", "--lease-duration=NaN")]
    [InlineData("--allow-check-url", "--allow-check-url=evals.example.com")]
    [InlineData("--allow-check-url", "--allow-check-url=https://user@evals.example.com")]
    [InlineData("--allow-check-url", "--allow-check-url=https://evals.example.com/?a=b")]
    [InlineData("--allow-check-url", "--allow-check-url=file:///etc")]
    public void What_cannot_be_is_refused_in_a_sentence_that_names_it(string name, params string[] words) => Assert.Contains(name, Assert.Single(Errors(words)), StringComparison.Ordinal);

    private static IEnumerable<string> Errors(string[] words) => OperatorCommand.Create().Parse(words).Errors.Select(error => error.Message);
}
