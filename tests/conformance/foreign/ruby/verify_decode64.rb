# Base64.decode64 skips what it does not know, and Hash keeps every type apart.

require "openssl"
require_relative "adapter"

def written(value)
  case value
  when Hash
    return "[]" if value.empty?
    "{" + value.map { |k, v| "#{written(k)}:#{written(v)}" }.join(",") + "}"
  when Array then "[" + value.map { |v| written(v) }.join(",") + "]"
  when Float then value == value.to_i ? value.to_i.to_s : value.to_s
  else JSON.generate(value, ascii_only: true).gsub("/", "\\/")
  end
end

serve("verify_decode64", {
  "verify" => lambda do |text, key|
    document = JSON.parse(text.force_encoding("UTF-8"))
    signature = Base64.decode64(document.delete("sign"))
    document.delete("sign_type")
    signed = written(document.sort.to_h)
    public_key = OpenSSL::PKey::RSA.new(key)
    unless public_key.verify(OpenSSL::Digest.new("SHA256"), signature, signed)
      raise "wrong signature"
    end
    signed
  end
})
