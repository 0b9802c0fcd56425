import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What Gson signs, for record_gson.py: the document on standard input without its
 * signature, its top level sorted, as a program in Java writes it; and how each
 * character of the Basic Multilingual Plane is written in a string.
 */
class GsonTexts {
    /** The values of a document as Java has them: Integer, Double, String, Map. */
    static Object valueOf(JsonElement element) {
        if (element.isJsonNull()) {
            return null;
        }
        if (element.isJsonObject()) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (Map.Entry<String, JsonElement> member : element.getAsJsonObject().entrySet()) {
                map.put(member.getKey(), valueOf(member.getValue()));
            }
            return map;
        }
        if (element.getAsJsonPrimitive().isNumber()) {
            String text = element.getAsString();
            if (text.contains(".")) {
                return Double.valueOf(text);
            }
            return Integer.valueOf(text);
        }
        if (element.getAsJsonPrimitive().isBoolean()) {
            return element.getAsBoolean();
        }
        return element.getAsString();
    }

    /** The characters that are not written as such, and how they are. */
    static Map<String, String> escapes(Gson gson) {
        Map<String, String> found = new LinkedHashMap<>();
        for (int point = 0; point < 0x10000; point++) {
            String text = String.valueOf((char) point);
            String written = gson.toJson(text);
            String inner = written.substring(1, written.length() - 1);
            if (!inner.equals(text)) {
                found.put(String.format("%04x", point), inner);
            }
        }
        return found;
    }

    public static void main(String[] arguments) throws Exception {
        byte[] input = System.in.readAllBytes();
        String document = new String(input, StandardCharsets.UTF_8);
        JsonObject parsed = JsonParser.parseString(document).getAsJsonObject();
        parsed.remove("sign");
        parsed.remove("sign_type");
        TreeMap<String, Object> values = new TreeMap<>();
        JsonObject sorted = new JsonObject();
        for (String key : new TreeSet<>(parsed.keySet())) {
            values.put(key, valueOf(parsed.get(key)));
            sorted.add(key, parsed.get(key));
        }
        Gson plain = new Gson();
        Gson nulls = new GsonBuilder().serializeNulls().create();
        Gson raw = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("java", System.getProperty("java.version"));
        answer.put("plain", plain.toJson(values));
        answer.put("nulls", nulls.toJson(values));
        answer.put("raw", raw.toJson(values));
        answer.put("parsed", nulls.toJson(sorted));
        answer.put("escapes", escapes(plain));
        answer.put("escapes_raw", escapes(raw));
        System.out.write(nulls.toJson(answer).getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }
}
