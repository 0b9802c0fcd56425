// ---- your code
// Asks a right implementation, which speaks the same protocol, through two named pipes.
static class YourCode
{
    // No buffer: Mono would wait until it is full.
    static readonly FileStream Questions = new FileStream(
        Environment.GetEnvironmentVariable("KESS_RIGHT") + "/in", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1);
    static readonly StreamReader Answers = new StreamReader(new FileStream(
        Environment.GetEnvironmentVariable("KESS_RIGHT") + "/out", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1));

    static byte[] Ask(string op, Dictionary<string, byte[]> given)
    {
        var line = "{\"id\":1,\"op\":\"" + op + "\",\"profile\":\"\"";
        foreach (var field in given)
            if (field.Value != null)
                line += ",\"" + field.Key + "\":\"" + (field.Key == "kind" ? System.Text.Encoding.ASCII.GetString(field.Value)
                    : Convert.ToBase64String(field.Value)) + "\"";
        var bytes = System.Text.Encoding.ASCII.GetBytes(line + "}\n");
        Questions.Write(bytes, 0, bytes.Length);
        Questions.Flush();
        var answer = Answers.ReadLine();
        var found = System.Text.RegularExpressions.Regex.Match(answer, "\"bytes\": ?\"([^\"]*)\"");
        if (!found.Success) throw new Refused(answer);
        var right = Convert.FromBase64String(found.Groups[1].Value.Replace("\\/", "/"));
        if (Environment.GetEnvironmentVariable("KESS_BROKEN") == null) return right;
        var latin = System.Text.Encoding.GetEncoding("iso-8859-1");
        return latin.GetBytes(latin.GetString(right).Replace("\\/", "/"));
    }

    public static readonly Dictionary<string, Func<Dictionary<string, byte[]>, byte[]>> Operations = All();

    static Dictionary<string, Func<Dictionary<string, byte[]>, byte[]>> All()
    {
        var all = new Dictionary<string, Func<Dictionary<string, byte[]>, byte[]>>();
        foreach (var op in Environment.GetEnvironmentVariable("KESS_OPS").Split(','))
            all[op] = given => Ask(op, given);
        return all;
    }
}
// ---- end of your code
