# Asks your adapter every case of the conformance kit, without Python:
#
#     ruby runner.rb [KIT [LEVEL [COMMAND...]]]
#
# KIT: the folder of KIT.json. LEVEL: api, any-document or hostile. COMMAND: what starts
# the adapter; without it, adapters/adapter.rb of the kit.

require 'json'

LEVELS = %w[api any-document hostile].freeze
kit, level, *command = ARGV
kit ||= File.dirname(__dir__)
most = LEVELS.index(level || 'hostile') || -1
adapter = IO.popen(command.empty? ? ['ruby', "#{kit}/adapters/adapter.rb"] : command, 'r+')
ask = lambda do |question|
  adapter.puts(JSON.generate(question))
  JSON.parse(adapter.gets || abort('the adapter gives no answer'))
end
decoded = ->(field) { field == '-' ? 'a refusal' : field.unpack1('m') }
shown = ->(text) { text.b[0, 300].gsub(/[^ -~]/n) { |byte| format('\\x%02x', byte.ord) } }
# A body has more than one right answer, which `kesspay conformance run` can judge.
operations = ask.call({ op: 'hello', protocol: 1, kit: '1' })['ops'] - ['body']
passed = failed = skipped = 0
broken = []
Dir["#{kit}/cases/*.tsv"].sort.each do |file|
  names, *rows = File.readlines(file, chomp: true, encoding: 'UTF-8').map { |line| line.split("\t", -1) }
  rows.map { |row| names.zip(row).to_h }.each do |one|
    fields = one.slice('op', 'kind', 'key', 'text', 'password').reject { |_, field| field == '-' }
    asked = operations.include?(one['op']) && one['profile'] == '-' && LEVELS.index(one['level']) <= most
    answer = asked ? ask.call({ id: 1, profile: '' }.merge(fields)) : { 'unsupported' => '' }
    if answer.key?('unsupported')
      skipped += 1
    elsif !answer.key?('error') && answer.fetch('bytes', '-') == one['result']
      passed += 1
    else
      failed += 1
      actual = answer.key?('error') ? "error: #{answer['error']}" : decoded.call(answer.fetch('bytes', '-'))
      broken.include?(one['rule']) || puts(
        "#{one['rule']}  #{one['title']} (#{one['level']})", "  #{one['id']}  #{shown.call(decoded.call(one['text']))}",
        "    expected  #{shown.call(decoded.call(one['result']))}", "    actual    #{shown.call(actual)}", "  #{one['Ruby']}#{one['doc']}"
      )
      broken |= [one['rule']]
    end
  end
end
puts "#{passed} passed, #{failed} failed in #{broken.size} rules, #{skipped} not run"
exit(failed.positive? ? 1 : passed.positive? ? 0 : 2)
