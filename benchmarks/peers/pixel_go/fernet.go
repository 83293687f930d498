package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"sync"
)

// A token is version (1 byte), time (8), IV (16), ciphertext (32 for a uuid), HMAC (32).
const (
	tokenSize = 1 + 8 + 16 + 32 + sha256.Size
	ivAt      = 1 + 8
	cipherAt  = ivAt + aes.BlockSize
	macAt     = tokenSize - sha256.Size
	uuidSize  = 16
)

var errToken = errors.New("not a token of ours")

// Reader reads tokens that were made with one Fernet key.
type Reader struct {
	block cipher.Block
	macs  sync.Pool // with the key's pads hashed once
}

func NewReader(key string) (*Reader, error) {
	raw, err := base64.URLEncoding.DecodeString(key)
	if err != nil || len(raw) != 32 {
		return nil, errors.New("FERNET_KEY: 32 bytes in URL-safe base64")
	}
	block, err := aes.NewCipher(raw[16:])
	if err != nil {
		return nil, err
	}
	reader := &Reader{block: block}
	reader.macs.New = func() any { return hmac.New(sha256.New, raw[:16]) }
	return reader, nil
}

// Read tells the uuid in a token without padding.
func (reader *Reader) Read(token string) (uuid [uuidSize]byte, err error) {
	var sealed [tokenSize]byte
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return uuid, errToken
	}
	// Strict: else the last letter could be another one, and the token still be read.
	if _, err := base64.RawURLEncoding.Strict().Decode(sealed[:], []byte(token)); err != nil {
		return uuid, errToken
	}
	if sealed[0] != 0x80 || !reader.isOurs(sealed[:macAt], sealed[macAt:]) {
		return uuid, errToken
	}
	var plain [2 * aes.BlockSize]byte
	decrypter := cipher.NewCBCDecrypter(reader.block, sealed[ivAt:cipherAt])
	decrypter.CryptBlocks(plain[:], sealed[cipherAt:macAt])
	for _, padding := range plain[uuidSize:] {
		if padding != aes.BlockSize {
			return uuid, errToken
		}
	}
	copy(uuid[:], plain[:uuidSize])
	return uuid, nil
}

func (reader *Reader) isOurs(text, signature []byte) bool {
	mac := reader.macs.Get().(hash.Hash)
	defer reader.macs.Put(mac)
	mac.Reset()
	mac.Write(text)
	var sum [sha256.Size]byte
	return hmac.Equal(mac.Sum(sum[:0]), signature)
}
