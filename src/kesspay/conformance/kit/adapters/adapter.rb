# Asks your Ruby code what the conformance kit wants to know:
#
#     kesspay conformance run -- ruby adapter.rb

require 'json'

# Your code refuses the input. Any other exception is an error, which blames no rule.
class Refused < StandardError
end

# ---- your code: replace the body of canonicalize ------------------------------------

# The canonical form of a JSON text (binary): what is signed.
def canonicalize(text)
  data = JSON.parse(text.dup.force_encoding('UTF-8'))
  raise Refused, 'no object and no array' unless [Hash, Array].include?(data.class)

  data = data.reject { |key, _| %w[sign sign_type].include?(key) }.sort.to_h if data.is_a?(Hash)
  data.to_json
rescue JSON::JSONError => e
  raise Refused, e.message
end

# Other operations: "verify" gets text and key, "sign" and "body" too; "key" gets kind,
# text and password; "base64" gets text. README.md of the kit says what each returns.
OPERATIONS = {
  'canonicalize' => ->(given) { canonicalize(given['text']) }
}.freeze

# ---- end of your code ---------------------------------------------------------------

def answer(question)
  id = question['id']
  if question['op'] == 'hello'
    return { protocol: 1, name: 'my-kess', version: '1', language: "Ruby #{RUBY_VERSION}",
             ops: OPERATIONS.keys, profiles: [] }
  end
  operation = OPERATIONS[question['op']]
  return { id: id, unsupported: 'this operation' } unless operation

  fields = question.slice('text', 'key', 'password').transform_values { |value| value.unpack1('m') }
  bytes = operation.call(fields.merge('kind' => question['kind']))
  { id: id, bytes: [bytes].pack('m0') }
rescue Refused => e
  { id: id, refused: e.message.encode('UTF-8', 'BINARY', invalid: :replace, undef: :replace) }
rescue StandardError, SystemStackError => e
  { id: id, error: "#{e.class}: #{e.message}".encode('UTF-8', 'BINARY', invalid: :replace, undef: :replace) }
end

$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
