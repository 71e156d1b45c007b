package infer

func infer(stream []byte) Result { return Result{} }
