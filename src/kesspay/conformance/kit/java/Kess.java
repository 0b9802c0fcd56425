// Your code, which the adapter and the runner in this folder ask.

import java.util.Map;

public class Kess {
    /** Your code refuses the input. Any other exception is an error, which blames no rule. */
    static class Refused extends Exception {
        Refused(String message) { super(message); }
    }

    interface Operation {
        byte[] run(byte[] text, byte[] key, byte[] kind, byte[] password) throws Exception;
    }

    /** The canonical form of a JSON text: what is signed. Replace the body with your code. */
    static byte[] canonicalize(byte[] text) throws Refused {
        return text;
    }

    // What your code does, each with text, key (PEM), kind of the key ("private" or "public")
    // and password; null where there is none. README.md of the kit says what "verify", "sign",
    // "body", "key" and "base64" are given, and what they return.
    static final Map<String, Operation> OPERATIONS = Map.of(
        "canonicalize", (text, key, kind, password) -> canonicalize(text));
}
