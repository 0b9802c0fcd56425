# Asks your code the cases of the conformance kit, without Python:
#
#     ruby runner.rb <cases/api.tsv

require_relative 'kess'

decoded = ->(field) { field == '-' ? nil : field.unpack1('m') }
asked = 0
broken = []
$stdin.each_line(chomp: true) do |line|
  op, *fields = line.split("\t")
  next unless OPERATIONS.key?(op)

  asked += 1
  text, key, kind, password, result = fields.first(5).map(&decoded)
  rule, title, example, expected, *hints = fields.drop(5)
  begin
    actual = OPERATIONS[op].call(text, key, kind, password)&.b
  rescue Refused
    actual = nil
  rescue StandardError, SystemStackError => e
    actual = "error: #{e.message}".b
  end
  next if actual == result || broken.include?(rule)

  broken << rule
  shown = (actual || 'refused')[0, 300].gsub(/[^ -~]/n) { |byte| format('\\x%02x', byte.ord) }
  puts title, "  #{example}", "    expected  #{expected}", "    actual    #{shown}", "  #{hints[5]}"
end
puts "#{asked} cases asked, #{broken.size} rules broken"
exit(asked.positive? && broken.empty?)
