// Runs a Lua script as Argo CD does: argocd-lua SCRIPT reads objects as JSON, one a line, and prints for each what the
// script returns. The interpreter, the libraries that a script may use (package, base, table, and of os only time and
// date), the time limit and the repair of empty tables are those of Argo CD's util/lua.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: argocd-lua SCRIPT"))
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		returned, err := run(string(script), lines.Bytes())
		if err != nil {
			fail(err)
		}
		fmt.Println(string(returned))
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func run(script string, line []byte) ([]byte, error) {
	var object map[string]any
	if err := json.Unmarshal(line, &object); err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	} {
		err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name))
		if err != nil {
			return nil, fmt.Errorf("library %s: %w", library.name, err)
		}
	}
	state.PreloadModule(lua.OsLibName, safeOs)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", luajson.DecodeValue(state, object))
	if err := state.DoString(script); err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("script: returned %s, not a table", state.Get(-1).Type())
	}
	encoded, err := luajson.Encode(table)
	if err != nil {
		return nil, fmt.Errorf("returned table: %w", err)
	}
	var returned any
	if err := json.Unmarshal(encoded, &returned); err != nil {
		return nil, fmt.Errorf("returned table: %w", err)
	}
	return json.Marshal(repaired(returned, object))
}

// safeOs is what `require("os")` gives: time and date, and nothing that reaches files or processes.
func safeOs(state *lua.LState) int {
	lua.OpenOs(state)
	full, safe := state.ToTable(-1), state.NewTable()
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, full.RawGetString(name))
	}
	// OpenOs has registered the whole of it.
	state.SetGlobal(lua.OsLibName, lua.LNil)
	state.SetField(state.GetField(state.Get(lua.RegistryIndex), "_LOADED"), lua.OsLibName, safe)
	state.Push(safe)
	return 1
}

// repaired has an empty map where the object has one: to Lua an empty map and an empty list are the same.
func repaired(returned, object any) any {
	switch was := object.(type) {
	case map[string]any:
		if list, ok := returned.([]any); ok && len(list) == 0 {
			return map[string]any{}
		}
		if now, ok := returned.(map[string]any); ok {
			for key, value := range now {
				if before, ok := was[key]; ok {
					now[key] = repaired(value, before)
				}
			}
		}
	case []any:
		if now, ok := returned.([]any); ok {
			for i := range min(len(now), len(was)) {
				now[i] = repaired(now[i], was[i])
			}
		}
	}
	return returned
}
