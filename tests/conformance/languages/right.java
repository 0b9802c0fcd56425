// Asks a right implementation, which speaks the same protocol, through two named pipes.

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Kess {
    @SuppressWarnings("serial")
    static class Refused extends Exception {
        Refused(String message) { super(message); }
    }

    interface Operation {
        byte[] run(byte[] text, byte[] key, byte[] kind, byte[] password) throws Exception;
    }

    static final Map<String, Operation> OPERATIONS = new HashMap<>();
    static java.io.OutputStream questions;
    static java.io.BufferedReader answers;

    static String field(String name, byte[] bytes) {
        return bytes == null ? "" : ",\"" + name + "\":\"" + Base64.getEncoder().encodeToString(bytes) + "\"";
    }

    static byte[] ask(String op, byte[] text, byte[] key, byte[] kind, byte[] password) throws Exception {
        String line = "{\"id\":1,\"op\":\"" + op + "\",\"profile\":\"\",\"kind\":\""
            + (kind == null ? "" : new String(kind)) + "\"" + field("text", text) + field("key", key) + field("password", password);
        questions.write((line + "}\n").getBytes());
        questions.flush();
        String answer = answers.readLine();
        Matcher found = Pattern.compile("\"bytes\": ?\"([^\"]*)\"").matcher(answer);
        if (!found.find()) {
            throw new Refused(answer);
        }
        byte[] bytes = Base64.getDecoder().decode(found.group(1).replace("\\/", "/"));
        if (System.getenv("KESS_BROKEN") == null) {
            return bytes;
        }
        return new String(bytes, StandardCharsets.ISO_8859_1).replace("\\/", "/").getBytes(StandardCharsets.ISO_8859_1);
    }

    static {
        try {
            String folder = System.getenv("KESS_RIGHT");
            questions = new java.io.FileOutputStream(folder + "/in");
            answers = new java.io.BufferedReader(new java.io.FileReader(folder + "/out"));
        } catch (java.io.IOException problem) {
            throw new java.io.UncheckedIOException(problem);
        }
        for (String op : System.getenv("KESS_OPS").split(",")) {
            OPERATIONS.put(op, (text, key, kind, password) -> ask(op, text, key, kind, password));
        }
    }
}
