package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/constant"
	"go/format"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// describe writes what users of a package can see as the declarations of Go, without
// bodies, comments and hidden fields: readable in a diff, and a package that
// compare can type-check.
func describe(pkg *types.Package) ([]byte, error) {
	d := &description{pkg: pkg, imports: make(map[string]string), hidden: make(map[*types.TypeName]bool)}
	for _, name := range pkg.Scope().Names() {
		if object := pkg.Scope().Lookup(name); object.Exported() {
			d.object(object)
		}
	}
	// Types that cannot be named can still be seen, as that of an argument.
	for done := make(map[*types.TypeName]bool); len(done) < len(d.hidden); {
		for _, name := range slices.SortedFunc(maps.Keys(d.hidden), func(a, b *types.TypeName) int { return cmp.Compare(a.Name(), b.Name()) }) {
			if !done[name] {
				done[name] = true
				d.object(name)
			}
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "package %s\n\n", pkg.Name())
	seen := make(map[string]string)
	for _, path := range slices.Sorted(maps.Keys(d.imports)) {
		if other, twice := seen[d.imports[path]]; twice {
			return nil, fmt.Errorf("%s imports %s and %s, which have the same name; a description can have one of them", pkg.Path(), other, path)
		}
		seen[d.imports[path]] = path
		fmt.Fprintf(&out, "import %q\n", path)
	}
	out.WriteString("\n" + d.text.String())
	return format.Source(out.Bytes())
}

type description struct {
	pkg     *types.Package
	text    strings.Builder
	imports map[string]string // path to name
	hidden  map[*types.TypeName]bool
}

func (d *description) write(format string, args ...any) { fmt.Fprintf(&d.text, format+"\n\n", args...) }

func (d *description) object(object types.Object) {
	switch object := object.(type) {
	case *types.Const:
		of := " " + d.typ(object.Type())
		if basic, ok := object.Type().(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
			of = ""
		}
		d.write("const %s%s = %s", object.Name(), of, literal(object.Val()))
	case *types.Var:
		d.write("var %s %s", object.Name(), d.typ(object.Type()))
	case *types.Func:
		d.function("", object)
	case *types.TypeName:
		d.typeName(object)
	}
}

// literal is the whole value of a constant, of the same kind: String shortens it,
// and ExactString makes 3/2 of 1.5, which is 1 in Go.
func literal(v constant.Value) string {
	if v.Kind() != constant.Float {
		return v.ExactString()
	}
	near, _ := constant.Float64Val(v)
	text := strconv.FormatFloat(near, 'e', -1, 64)
	if constant.Compare(constant.MakeFromLiteral(text, token.FLOAT, 0), token.EQL, v) {
		return text
	}
	return constant.Num(v).ExactString() + ".0 / " + constant.Denom(v).ExactString() + ".0"
}

func (d *description) function(receiver string, f *types.Func) {
	signature := f.Signature()
	body := ""
	if signature.TypeParams().Len() > 0 || signature.RecvTypeParams().Len() > 0 {
		body = " {}" // without which Go refuses it
	}
	d.write("func %s%s%s%s", receiver, f.Name(), strings.TrimPrefix(d.typ(written(signature)), "func"), body)
}

// written is a signature without the names that the compiler gives to results, such
// as #rv1 in a function that loops over an iterator.
func written(signature *types.Signature) *types.Signature {
	var results []*types.Var
	for v := range signature.Results().Variables() {
		if !strings.HasPrefix(v.Name(), "#") {
			return signature
		}
		results = append(results, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
	}
	if results == nil {
		return signature
	}
	parameters := slices.Collect(signature.TypeParams().TypeParams())
	for i, p := range parameters { // those of another signature cannot be taken as they are
		parameters[i] = types.NewTypeParam(p.Obj(), p.Constraint())
	}
	return types.NewSignatureType(nil, nil, parameters, signature.Params(), types.NewTuple(results...), signature.Variadic())
}

func (d *description) typeName(name *types.TypeName) {
	if name.IsAlias() {
		d.write("type %s = %s", name.Name(), d.typ(types.Unalias(name.Type())))
		return
	}
	named, ok := name.Type().(*types.Named)
	if !ok {
		return
	}
	var underlying string
	if s, ok := named.Underlying().(*types.Struct); ok {
		underlying = d.structure(s)
	} else {
		underlying = d.typ(named.Underlying())
	}
	declared, used := d.parameters(named.TypeParams())
	d.write("type %s%s %s", name.Name(), declared, underlying)
	methods := slices.SortedFunc(named.Methods(), func(a, b *types.Func) int { return cmp.Compare(a.Name(), b.Name()) })
	for _, method := range methods {
		if !method.Exported() {
			continue
		}
		star := ""
		if _, ok := method.Signature().Recv().Type().(*types.Pointer); ok {
			star = "*"
		}
		d.function("("+star+name.Name()+used+") ", method)
	}
}

// parameters are those of a generic type, where it is declared and where it is used.
func (d *description) parameters(list *types.TypeParamList) (declared, used string) {
	if list.Len() == 0 {
		return "", ""
	}
	var with, without []string
	for p := range list.TypeParams() {
		with = append(with, p.Obj().Name()+" "+d.typ(p.Constraint()))
		without = append(without, p.Obj().Name())
	}
	return "[" + strings.Join(with, ", ") + "]", "[" + strings.Join(without, ", ") + "]"
}

// structure leaves out what is hidden, but for whether there is something, and for
// whether that keeps values from being compared.
func (d *description) structure(s *types.Struct) string {
	var out strings.Builder
	out.WriteString("struct {\n")
	isHiding, isComparable := false, true
	for field := range s.Fields() {
		switch {
		case field.Embedded() && (field.Exported() || d.isOurs(field.Type())):
			out.WriteString(d.typ(field.Type()) + "\n")
		case field.Exported():
			out.WriteString(field.Name() + " " + d.typ(field.Type()) + "\n")
		default:
			isHiding = true
			isComparable = isComparable && types.Comparable(field.Type())
		}
	}
	switch {
	case isHiding && !isComparable:
		out.WriteString("_ []struct{}\n")
	case isHiding:
		out.WriteString("_ struct{}\n")
	}
	return out.String() + "}"
}

// isOurs reports whether a type, or what it points to, is declared in the package.
func (d *description) isOurs(t types.Type) bool {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, ok := t.(*types.Named)
	return ok && named.Obj().Pkg() == d.pkg
}

// typ is a type as it stands in the package, and notes what it needs.
func (d *description) typ(t types.Type) string {
	d.note(t, make(map[types.Type]bool))
	return types.TypeString(t, func(other *types.Package) string {
		if other == d.pkg {
			return ""
		}
		d.imports[other.Path()] = other.Name()
		return other.Name()
	})
}

// note finds the hidden types of the package in a type.
func (d *description) note(t types.Type, seen map[types.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		d.noteName(t.Obj())
	case *types.Named:
		d.noteName(t.Obj())
		for argument := range t.TypeArgs().Types() {
			d.note(argument, seen)
		}
	case *types.Signature:
		for _, of := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range of.Variables() {
				d.note(v.Type(), seen)
			}
		}
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				d.note(field.Type(), seen)
			}
		}
	case *types.Interface:
		for method := range t.Methods() {
			d.note(method.Type(), seen)
		}
	case *types.Map:
		d.note(t.Key(), seen)
		d.note(t.Elem(), seen)
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		d.note(t.Elem(), seen)
	}
}

func (d *description) noteName(name *types.TypeName) {
	if name.Pkg() == d.pkg && !name.Exported() {
		d.hidden[name] = true
	}
}
