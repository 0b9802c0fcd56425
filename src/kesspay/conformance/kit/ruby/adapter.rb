# Asks your code what the conformance kit wants to know:
#
#     kesspay conformance run -- ruby adapter.rb

require 'json'
require_relative 'kess'

def answer(question)
  id = question['id']
  if question['op'] == 'hello'
    return { protocol: 1, name: 'my-kess', version: '1', language: "Ruby #{RUBY_VERSION}",
             ops: OPERATIONS.keys, profiles: [] }
  end
  operation = OPERATIONS[question['op']]
  return { id: id, unsupported: 'this operation' } unless operation

  text, key, password = question.values_at('text', 'key', 'password').map { |field| field&.unpack1('m') }
  { id: id, bytes: [operation.call(text, key, question['kind'], password)].pack('m0') }
rescue Refused => e
  { id: id, refused: e.message.encode('UTF-8', 'BINARY', invalid: :replace, undef: :replace) }
rescue StandardError, SystemStackError => e
  { id: id, error: "#{e.class}: #{e.message}".encode('UTF-8', 'BINARY', invalid: :replace, undef: :replace) }
end

$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
