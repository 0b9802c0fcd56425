    // ---- your code
    // Asks a right implementation, which speaks the same protocol, through two named pipes.
    static java.io.OutputStream questions;
    static java.io.BufferedReader answers;

    static byte[] ask(String op, Map<String, byte[]> in) throws Exception {
        StringBuilder line = new StringBuilder("{\"id\":1,\"op\":\"" + op + "\",\"profile\":\"\"");
        for (String name : new String[] {"text", "key", "password", "kind"}) {
            if (in.get(name) != null) {
                line.append(",\"" + name + "\":\"" + (name.equals("kind") ? new String(in.get(name))
                    : Base64.getEncoder().encodeToString(in.get(name))) + "\"");
            }
        }
        questions.write((line + "}\n").getBytes());
        questions.flush();
        String answer = answers.readLine();
        java.util.regex.Matcher found = java.util.regex.Pattern.compile("\"bytes\": ?\"([^\"]*)\"").matcher(answer);
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
            OPERATIONS.put(op, in -> ask(op, in));
        }
    }
    // ---- end of your code
