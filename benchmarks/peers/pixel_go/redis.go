package main

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
)

// Redis keeps connections, each of which is one request's at a time.
type Redis struct {
	socket string
	idle   chan *connection
}

type connection struct {
	net.Conn
	reader *bufio.Reader
	buffer []byte
}

func NewRedis(socket string, most int) *Redis {
	return &Redis{socket: socket, idle: make(chan *connection, most)}
}

// Ask sends one command and tells its answer: a number, or a line of text.
func (redis *Redis) Ask(parts ...string) (string, error) {
	connection, err := redis.take()
	if err != nil {
		return "", err
	}
	answer, broken, err := connection.ask(parts)
	if broken {
		connection.Close()
		return "", err
	}
	select {
	case redis.idle <- connection:
	default:
		connection.Close()
	}
	return answer, err
}

func (redis *Redis) take() (*connection, error) {
	select {
	case idle := <-redis.idle:
		return idle, nil
	default:
	}
	dialed, err := net.Dial("unix", redis.socket)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: dialed, reader: bufio.NewReader(dialed)}, nil
}

// ask tells the answer, and whether the connection is of no more use.
func (connection *connection) ask(parts []string) (string, bool, error) {
	connection.buffer = append(connection.buffer[:0], '*')
	connection.buffer = strconv.AppendInt(connection.buffer, int64(len(parts)), 10)
	connection.buffer = append(connection.buffer, "\r\n"...)
	for _, part := range parts {
		connection.buffer = append(connection.buffer, '$')
		connection.buffer = strconv.AppendInt(connection.buffer, int64(len(part)), 10)
		connection.buffer = append(connection.buffer, "\r\n"...)
		connection.buffer = append(connection.buffer, part...)
		connection.buffer = append(connection.buffer, "\r\n"...)
	}
	if _, err := connection.Write(connection.buffer); err != nil {
		return "", true, err
	}
	line, err := connection.line()
	if err != nil {
		return "", true, err
	}
	switch line[0] {
	case '+', ':':
		return line[1:], false, nil
	case '-':
		return "", false, fmt.Errorf("Redis: %s", line[1:])
	case '$': // its text is on the next line: none of our commands answers with line breaks
		text, err := connection.line()
		return text, err != nil, err
	}
	return "", true, fmt.Errorf("Redis answers %q", line)
}

func (connection *connection) line() (string, error) {
	line, err := connection.reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	if len(line) < 3 {
		return "", fmt.Errorf("Redis answers %q", line)
	}
	return line[:len(line)-2], nil
}
