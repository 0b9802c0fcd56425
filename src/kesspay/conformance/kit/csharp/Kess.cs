// Your code, which the adapter and the runner in this folder ask.

using System;
using System.Collections.Generic;

/// <summary>Your code refuses the input. Any other exception is an error, which blames no rule.</summary>
class Refused : Exception
{
    public Refused(string message) : base(message) { }
}

delegate byte[] Operation(byte[] text, byte[] key, byte[] kind, byte[] password);

static class Kess
{
    /// <summary>The canonical form of a JSON text: what is signed. Replace the body with your code.</summary>
    static byte[] Canonicalize(byte[] text)
    {
        return text;
    }

    // What your code does, each with text, key (PEM), kind of the key ("private" or "public")
    // and password; null where there is none. README.md of the kit says what "verify", "sign",
    // "body", "key" and "base64" are given, and what they return.
    public static readonly Dictionary<string, Operation> Operations = new Dictionary<string, Operation>
    {
        { "canonicalize", (text, key, kind, password) => Canonicalize(text) },
    };
}
