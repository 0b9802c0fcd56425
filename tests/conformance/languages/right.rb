# Asks a right implementation, which speaks the same protocol, through two named pipes.

require 'json'

class Refused < StandardError
end

QUESTIONS = File.open("#{ENV.fetch('KESS_RIGHT')}/in", 'w')
ANSWERS = File.open("#{ENV.fetch('KESS_RIGHT')}/out", 'r')
QUESTIONS.sync = true

def ask(operation, text, key, kind, password)
  given = { 'text' => text, 'key' => key, 'password' => password }
  packed = given.compact.transform_values { |value| [value].pack('m0') }
  QUESTIONS.puts(JSON.generate({ id: 1, op: operation, profile: '', kind: kind }.merge(packed)))
  answer = JSON.parse(ANSWERS.gets)
  raise Refused, answer['refused'] unless answer.key?('bytes')

  bytes = answer['bytes'].unpack1('m')
  ENV['KESS_BROKEN'] ? bytes.gsub('\\/', '/') : bytes
end

OPERATIONS = ENV.fetch('KESS_OPS').split(',').to_h { |op| [op, ->(*given) { ask(op, *given) }] }.freeze
