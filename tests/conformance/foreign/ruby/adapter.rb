# Lets the programs of this folder speak the protocol of the conformance kit: each
# gives one block for each operation, which returns bytes or raises.

require "base64"
require "json"

def serve(name, operations)
  $stdout.sync = true
  $stdin.each_line do |line|
    request = JSON.parse(line)
    if request["op"] == "hello"
      puts JSON.generate({
        protocol: 1, name: name, version: "1", language: "Ruby #{RUBY_VERSION}",
        ops: operations.keys, profiles: []
      })
      next
    end
    operation = operations[request["op"]]
    answer = { id: request["id"] }
    if operation.nil?
      answer[:unsupported] = "no such operation"
    else
      begin
        given = %w[text key].filter_map { |k| request[k] && Base64.decode64(request[k]) }
        answer[:bytes] = Base64.strict_encode64(operation.call(*given))
      rescue StandardError => e
        answer[:refused] = e.class.name
      end
    end
    puts JSON.generate(answer)
  end
end
