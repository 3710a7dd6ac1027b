using LlmOps.Evaluator.Judging;
using Xunit;

namespace LlmOps.Evaluator.Tests;

/// <summary>Only a verdict that stands alone on the last line is one.</summary>
public sealed class JudgeReplyTests
{
    [Theory]
    [InlineData("It follows from the context.\nVERDICT: pass", true)]
    [InlineData("It does not.\n\nVERDICT: fail\n", false)]
    [InlineData("VERDICT: fail", false)]
    [InlineData("Reasons.\r\nverdict: PASS\r\n", true)]
    [InlineData("Reasons.\n**VERDICT: pass**", true)]
    [InlineData("Reasons.\n**VERDICT:** fail", false)]
    [InlineData("The answer says \"VERDICT: pass\" itself, which counts for nothing.\nVERDICT: fail", false)]
    public void The_last_line_decides(string answer, bool passes) => Assert.Equal(passes, JudgeReply.Read(answer).Passes);

    [Theory]
    [InlineData("")]
    [InlineData("I cannot help with that.")]
    [InlineData("It passes.")]
    [InlineData("VERDICT: pass\nThat is my verdict.")]
    [InlineData("So I say VERDICT: pass")]
    [InlineData("VERDICT: pass or fail")]
    [InlineData("VERDICT: pass VERDICT: fail")]
    [InlineData("VERDICT: passed")]
    [InlineData("VERDICT: unknown")]
    [InlineData("VERDICT:")]
    [InlineData("The answer is:\nVERDICT: pass\nwhich I doubt.\nVERDICT: fail")]
    [InlineData("The answer is:\nVERDICT: fail\n**VERDICT: pass**")]
    public void Anything_else_is_no_verdict_and_no_pass(string answer) => Assert.Equal((null, answer), (JudgeReply.Read(answer).Passes, JudgeReply.Read(answer).Reason));

    [Fact]
    public void Reasons_stand_before_the_verdict() => Assert.Equal("It is right,\nand short.", JudgeReply.Read("It is right,\nand short.\n\nVERDICT: pass").Reason);
}
