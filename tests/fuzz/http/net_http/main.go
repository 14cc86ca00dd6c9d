// Reads streams (a line of hex each) and says which requests net/http reads in each: a line of JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		raw, _ := hex.DecodeString(in.Text())
		reader := bufio.NewReader(bytes.NewReader(raw))
		found := [][]string{}
		for {
			for { // as its server does behind a POST
				next, err := reader.Peek(1)
				if err != nil || next[0] != '\r' && next[0] != '\n' {
					break
				}
				reader.Discard(1)
			}
			request, err := http.ReadRequest(reader)
			if err != nil {
				break
			}
			body, err := io.ReadAll(request.Body)
			if err != nil {
				break
			}
			found = append(found, []string{request.Method, request.RequestURI, string(body)})
			if request.Close {
				break
			}
		}
		out.Encode(found)
	}
}
