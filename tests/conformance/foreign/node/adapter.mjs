/*
 * Lets the programs of this folder speak the protocol of the conformance kit: each
 * gives one function for each operation, which returns bytes or throws.
 */

import { createInterface } from "node:readline";

export function serve(name, operations) {
  const reply = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
  createInterface({ input: process.stdin }).on("line", (line) => {
    const request = JSON.parse(line);
    if (request.op === "hello") {
      reply({
        protocol: 1,
        name,
        version: "1",
        language: `Node ${process.versions.node}`,
        ops: Object.keys(operations),
        profiles: [],
      });
      return;
    }
    const { id, op } = request;
    if (!(op in operations)) {
      reply({ id, unsupported: "no such operation" });
      return;
    }
    try {
      const text = Buffer.from(request.text ?? "", "base64");
      const key = Buffer.from(request.key ?? "", "base64").toString();
      const bytes = Buffer.from(operations[op](text, key));
      reply({ id, bytes: bytes.toString("base64") });
    } catch (error) {
      reply({ id, refused: error.name });
    }
  });
}
