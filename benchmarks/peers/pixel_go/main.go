// A server of pixels in Go, with what its standard library has: net/http, and crypto for the token.
// Each opening is an entry of a Redis stream that Redis has acknowledged before the reply, in one
// round trip of its own; Redis also knows who has opened the pixel within the hour.
//
// FERNET_KEY, REDIS_SOCKET and PORT say how tokens were made and where things are.
package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	refresh     = time.Hour
	stream      = "openings"
	longest     = 512 // of a User-Agent
	connections = 64  // to Redis that are kept
)

//go:embed append.lua
var script string

var (
	gif, _ = base64.StdEncoding.DecodeString(
		"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
	life         = strconv.FormatInt(refresh.Milliseconds(), 10)
	contentType  = []string{"image/gif"}
	cacheControl = []string{"no-store, no-cache, must-revalidate, max-age=0, private"}
)

type server struct {
	tokens *Reader
	redis  *Redis
	script string // its name in Redis
}

func main() {
	tokens, err := NewReader(os.Getenv("FERNET_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	redis := NewRedis(os.Getenv("REDIS_SOCKET"), connections)
	loaded, err := redis.Ask("SCRIPT", "LOAD", script)
	if err != nil {
		log.Fatal(err)
	}
	pixels := &server{tokens, redis, loaded}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), pixels))
}

func (server *server) ServeHTTP(reply http.ResponseWriter, request *http.Request) {
	token, isPixel := strings.CutPrefix(request.URL.Path, "/p/")
	token, isGIF := strings.CutSuffix(token, ".gif")
	if !isPixel || !isGIF {
		http.NotFound(reply, request)
		return
	}
	if uuid, err := server.tokens.Read(token); err == nil {
		if err := server.keep(uuid, request); err != nil {
			log.Print(err)
		}
	}
	headers := reply.Header()
	headers["Content-Type"], headers["Cache-Control"] = contentType, cacheControl
	reply.Write(gif)
}

// keep returns once Redis has the opening.
func (server *server) keep(uuid [uuidSize]byte, request *http.Request) error {
	agent := request.UserAgent()
	if len(agent) > longest {
		agent = agent[:longest]
	}
	ip, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		return err
	}
	reader := sha256.Sum256([]byte(agent))
	key := "opened:" + string(uuid[:]) + string(reader[:8])
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	pixel := hex.EncodeToString(uuid[:])
	_, err = server.redis.Ask(
		"EVALSHA", server.script, "2", key, stream, life, pixel, now, agent, ip)
	return err
}
