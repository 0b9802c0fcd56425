# Runs the conformance kit on your Ruby code, without Python:
#
#     ruby runner.rb [KIT [LEVEL]]     KIT: the folder of KIT.json; LEVEL: api, any-document or hostile

require 'json'

# Your code refuses the input. Any other exception is an error: it fails the case as well.
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

LEVELS = %w[api any-document hostile].freeze
kit, most = ARGV[0] || File.dirname(__dir__), ARGV[1] || 'hostile'
shown = ->(bytes) { bytes ? bytes.b[0, 300].gsub(/[^ -~]/n) { |byte| format('\\x%02x', byte.ord) } : 'a refusal' }
passed = skipped = 0
failed = Hash.new { |rules, rule| rules[rule] = [] }
Dir["#{kit}/cases/*.json"].sort.each do |file|
  area = JSON.parse(File.read(file, encoding: 'UTF-8'))
  area['cases'].each do |one|
    operation = OPERATIONS[area['op']]
    if operation.nil? || !one['profile'].empty? || LEVELS.index(one['level']) > LEVELS.index(most)
      skipped += 1
      next
    end
    given = { 'kind' => one['kind'] }
    %w[text key password].each { |field| one.key?("#{field}_base64") && given[field] = one["#{field}_base64"].unpack1('m') }
    expected = one['result']['bytes_base64']&.unpack1('m')
    actual = begin
      operation.call(given).b
    rescue Refused
      nil
    rescue StandardError, SystemStackError => e
      "error: #{e.message}".b
    end
    if actual == expected
      passed += 1
    else
      failed[one['rule']] << [one['id'], given['text'], expected, actual]
    end
  end
end
JSON.parse(File.read("#{kit}/rules.json", encoding: 'UTF-8'))['rules'].each do |rule|
  next unless failed.key?(rule['id'])

  id, *bytes = failed[rule['id']].first
  puts format("%s  %s (%s, %d failed)\n  %s  %s\n    expected  %s\n    actual    %s\n  %s", rule['id'], rule['title'],
              rule['level'], failed[rule['id']].size, id, *bytes.map(&shown),
              [rule['hints']['Ruby'], rule['doc']].compact.join("\n  "))
end
failures = failed.values.sum(&:size)
puts "#{passed} passed, #{failures} failed in #{failed.size} rules, #{skipped} not run"
exit(failures.positive? ? 1 : passed.positive? ? 0 : 2)
