// Asks a right implementation, which speaks the same protocol, through two named pipes.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;

class Refused : Exception
{
    public Refused(string message) : base(message) { }
}

delegate byte[] Operation(byte[] text, byte[] key, byte[] kind, byte[] password);

static class Kess
{
    // No buffer: Mono would wait until it is full.
    static readonly FileStream Questions = new FileStream(
        Environment.GetEnvironmentVariable("KESS_RIGHT") + "/in", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1);
    static readonly StreamReader Answers = new StreamReader(new FileStream(
        Environment.GetEnvironmentVariable("KESS_RIGHT") + "/out", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1));

    static string Field(string name, byte[] bytes)
    {
        return bytes == null ? "" : ",\"" + name + "\":\"" + Convert.ToBase64String(bytes) + "\"";
    }

    static byte[] Ask(string op, byte[] text, byte[] key, byte[] kind, byte[] password)
    {
        var line = "{\"id\":1,\"op\":\"" + op + "\",\"profile\":\"\",\"kind\":\""
            + (kind == null ? "" : Encoding.ASCII.GetString(kind)) + "\"" + Field("text", text) + Field("key", key) + Field("password", password);
        var bytes = Encoding.ASCII.GetBytes(line + "}\n");
        Questions.Write(bytes, 0, bytes.Length);
        Questions.Flush();
        var answer = Answers.ReadLine();
        var found = Regex.Match(answer, "\"bytes\": ?\"([^\"]*)\"");
        if (!found.Success) throw new Refused(answer);
        var right = Convert.FromBase64String(found.Groups[1].Value.Replace("\\/", "/"));
        if (Environment.GetEnvironmentVariable("KESS_BROKEN") == null) return right;
        var latin = Encoding.GetEncoding("iso-8859-1");
        return latin.GetBytes(latin.GetString(right).Replace("\\/", "/"));
    }

    public static readonly Dictionary<string, Operation> Operations = All();

    static Dictionary<string, Operation> All()
    {
        var all = new Dictionary<string, Operation>();
        foreach (var op in Environment.GetEnvironmentVariable("KESS_OPS").Split(','))
            all[op] = (text, key, kind, password) => Ask(op, text, key, kind, password);
        return all;
    }
}
