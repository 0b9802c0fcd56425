# Your code, which the adapter and the runner in this folder ask.

require 'json'

# Your code refuses the input. Any other exception is an error, which blames no rule.
class Refused < StandardError
end

# The canonical form of a JSON text (binary): what is signed. Replace the body.
def canonicalize(text)
  data = JSON.parse(text.dup.force_encoding('UTF-8'))
  raise Refused, 'no object and no array' unless [Hash, Array].include?(data.class)

  data = data.reject { |key, _| %w[sign sign_type].include?(key) }.sort.to_h if data.is_a?(Hash)
  data.to_json
rescue JSON::JSONError => e
  raise Refused, e.message
end

# What your code does, each with up to four strings: text, key (PEM), kind of the key
# ('private' or 'public') and password; nil where there is none. README.md of the kit says
# what 'verify', 'sign', 'body', 'key' and 'base64' are given, and what they return.
OPERATIONS = {
  'canonicalize' => proc { |text| canonicalize(text) }
}.freeze
