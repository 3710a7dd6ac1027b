using LlmOps.EndToEnd.Faults;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class OpenWatchTests
{
    [Fact]
    public void A_watch_that_is_cut_or_written_to_when_its_request_has_ended_leaves_the_request_alone()
    {
        var context = new DefaultHttpContext();
        var watch = new OpenWatch(context, _ => true, _ => { });
        watch.Dispose();
        context.Uninitialize();

        watch.Cut();
        watch.Close();
        watch.Write("{}");
    }
}
