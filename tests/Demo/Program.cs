using System.CommandLine;
using LlmOps.Demo;

var keep = new Option<bool>("--keep") { Description = "Leave the cluster running at the end." };
var rate = new Option<double>("--rate") { Description = "Requests per second of the users.", DefaultValueFactory = _ => 50 };
var play = new Command("play", "Starts a cluster, installs the product, and plays four releases under load.") { keep, rate };
play.SetAction(async (arguments, ct) => await DemoRun.PlayAsync(arguments.GetValue(keep), arguments.GetValue(rate), ct));
var down = new Command("down", "Ends what play --keep left running.");
down.SetAction((_, ct) => DemoHost.DownAsync(Console.WriteLine, ct));
var gateways = new Option<string[]>("--gateway") { Description = "Address of a gateway." };
var cluster = new Option<int>("--cluster") { Description = "Process id of the cluster: ends with it." };
var users = new Command("users", "Asks as the demo's users do, until it is ended.") { gateways, cluster };
users.Hidden = true;
users.SetAction((arguments, ct) => DemoUsers.RunAsync(arguments.GetValue(gateways)!, arguments.GetValue(cluster), ct));
return await new RootCommand("Four releases against a live cluster.") { play, down, users }.Parse(args).InvokeAsync();
