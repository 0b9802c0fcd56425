# JSON.generate of a sorted Hash.

require_relative "adapter"

serve("generate", {
  "canonicalize" => lambda do |text|
    data = JSON.parse(text.force_encoding("UTF-8"))
    data.delete("sign")
    data.delete("sign_type")
    JSON.generate(data.sort.to_h)
  end
})
