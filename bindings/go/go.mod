module kesspay/bindings/go

go 1.19
