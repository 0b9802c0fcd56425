// ---- your code
// It asks a right implementation, which speaks the same protocol, through two named pipes.

type right struct {
	questions *os.File
	answers   *json.Decoder
}

func (r right) ask(op string, in map[string][]byte) ([]byte, error) {
	question := map[string]interface{}{"id": 1, "op": op, "profile": "", "kind": string(in["kind"])}
	for _, name := range []string{"text", "key", "password"} {
		if in[name] != nil {
			question[name] = in[name]
		}
	}
	line, _ := json.Marshal(question)
	r.questions.Write(append(line, '\n'))
	var answer struct {
		Bytes   []byte
		Refused *string
	}
	if err := r.answers.Decode(&answer); err != nil {
		panic(err)
	}
	if answer.Refused != nil {
		return nil, fmt.Errorf("%s", *answer.Refused)
	}
	if os.Getenv("KESS_BROKEN") != "" {
		return bytes.ReplaceAll(answer.Bytes, []byte(`\/`), []byte("/")), nil
	}
	return answer.Bytes, nil
}

var operations = func() map[string]func(map[string][]byte) ([]byte, error) {
	folder := os.Getenv("KESS_RIGHT")
	questions, _ := os.OpenFile(folder+"/in", os.O_WRONLY, 0)
	answers, _ := os.Open(folder + "/out")
	r := right{questions, json.NewDecoder(answers)}
	all := map[string]func(map[string][]byte) ([]byte, error){}
	for _, op := range strings.Split(os.Getenv("KESS_OPS"), ",") {
		op := op
		all[op] = func(in map[string][]byte) ([]byte, error) { return r.ask(op, in) }
	}
	return all
}()

// ---- end of your code
