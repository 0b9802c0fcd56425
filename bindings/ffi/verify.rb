# ruby verify.rb HEADER LIBRARY KEY < BODY
require "fiddle/import"

header, library, key_file = ARGV
module Kess
  extend Fiddle::Importer
end
Kess.dlload library
Kess.typealias "kess_status", "int"
File.foreach(header, chomp: true) do |line|
  Kess.extern line.chomp(";") if line.end_with?(");")
end

body = $stdin.binmode.read
key = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
room = Kess.kess_canonical_bound(body.bytesize)
out = Fiddle::Pointer.malloc(room, Fiddle::RUBY_FREE)
size = [room].pack("J")
status = Kess.kess_public_key_load_file(key, key_file, 0, nil)
if status.zero?
  status = Kess.kess_verify_document(key.ptr, out, size, body, body.bytesize, nil, nil)
  Kess.kess_key_free(key.ptr)
end
abort "refused: #{Kess.kess_status_message(status)}" unless status.zero?
# Read values from these bytes only, never from the body.
$stdout.binmode.write(out[0, size.unpack1("J")])
