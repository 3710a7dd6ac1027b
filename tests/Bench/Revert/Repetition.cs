namespace LlmOps.Bench.Revert;

/// <summary>How one broken candidate was taken off traffic. All times in milliseconds.</summary>
/// <param name="FirstBad">First injected failure → weight 0 in the status, as a watch saw it.</param>
/// <param name="Evidence">Sufficient evidence in the gateways, by this program's own computation → weight 0; 0 where weight 0 was seen first.</param>
/// <param name="LastAssigned">Sufficient evidence → last request that any gateway gave to the candidate; 0 where none came after it.</param>
/// <param name="CandidateRequests">Requests given to the candidate from its breaking on.</param>
/// <param name="Detection">First injected failure → sufficient evidence: what statistics and traffic take, however fast the operator is.</param>
internal sealed record Repetition(double FirstBad, double Evidence, double LastAssigned, long CandidateRequests, double Detection);
