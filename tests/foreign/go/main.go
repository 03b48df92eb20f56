// Checks what archive publishes by the packages that Go's own checksum database is read with: golang.org/x/mod.
//
//	foreign tree DIR VKEY     proves every record of a tlog-tiles tree, and looks at every file of it
//	foreign proof FILE        checks a tlog-proof: arguments are the leaf, the proof and the vkey line
//	foreign notes VKEY…       reads lines of JSON (vkey, note) and says of each whether the note opens
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	refuseIf(err)
	return value
}

func refuseIf(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

// open verifies a checkpoint, of which the origin must be the key's name.
func open(signed []byte, vkey string) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("it is no checkpoint of %s", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// tiles reads the files of a tree; Go's own paths of them begin with the height: tile/8/0/x001/234.
type tiles string

func (dir tiles) path(tile tlog.Tile) string {
	level := strconv.Itoa(tile.L)
	if tile.L == -1 {
		level = "entries"
	}
	_, rest, _ := strings.Cut(strings.TrimPrefix(tile.Path(), "tile/8/"), "/")
	return filepath.Join(string(dir), "tile", level, rest)
}

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (dir tiles) ReadTiles(wanted []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range wanted {
		bytes, err := os.ReadFile(dir.path(tile))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// entries takes a bundle apart.
func entries(bundle []byte) (all [][]byte, err error) {
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("an entry bundle is cut")
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		all, bundle = append(all, bundle[2:end]), bundle[end:]
	}
	return all, nil
}

func checkTree(dir tiles, vkey string) {
	tree := must(open(must(os.ReadFile(filepath.Join(string(dir), "checkpoint"))), vkey))
	reader := tlog.TileHashReader(tree, dir)
	known := map[string]bool{"checkpoint": true}
	whole := func(tile tlog.Tile) []byte { return must(dir.ReadTiles([]tlog.Tile{tile}))[0] }
	for n := int64(0); n*256 < tree.N; n++ {
		width := int(tree.N - n*256)
		if width > 256 {
			width = 256
		}
		bundle := must(entries(whole(tlog.Tile{H: 8, L: -1, N: n, W: width})))
		if len(bundle) != width {
			refuseIf(fmt.Errorf("bundle %d has %d entries, not %d", n, len(bundle), width))
		}
		for i, entry := range bundle {
			id, hash := n*256+int64(i), tlog.RecordHash(entry)
			proof := must(tlog.ProveRecord(tree.N, id, reader))
			refuseIf(tlog.CheckRecord(proof, tree.N, tree.Hash, id, hash))
		}
	}
	// Every file is a tile or a bundle of this tree, a shorter one the beginning of the one that is checked.
	name := regexp.MustCompile(`^tile/(\d+|entries)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?$`)
	refuseIf(filepath.WalkDir(string(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative := must(filepath.Rel(string(dir), path))
		if known[relative] {
			return nil
		}
		parts := name.FindStringSubmatch(relative)
		if parts == nil {
			return fmt.Errorf("%s is no file of a tree", relative)
		}
		tile := tlog.Tile{H: 8, L: -1, W: 256}
		if parts[1] != "entries" {
			tile.L = must(strconv.Atoi(parts[1]))
		}
		tile.N = must(strconv.ParseInt(strings.NewReplacer("x", "", "/", "").Replace(parts[2]), 10, 64))
		above := tree.N
		for level := 0; level < tile.L; level++ {
			above /= 256
		}
		if left := above - tile.N*256; left < 256 {
			tile.W = int(left)
		}
		width := 256
		if parts[3] != "" {
			width = must(strconv.Atoi(parts[3]))
		}
		if width > tile.W || tile.W < 1 {
			return fmt.Errorf("%s lies beyond the tree", relative)
		}
		return checkFile(dir, reader, tile, width, must(os.ReadFile(path)))
	}))
	fmt.Println("accepted:", tree.N, "records")
}

// checkFile compares a file with the hashes that were proved, and a bundle by the hashes of its entries.
func checkFile(dir tiles, reader tlog.HashReader, tile tlog.Tile, width int, found []byte) error {
	hashes := tile
	if tile.L == -1 {
		hashes.L = 0
	}
	hashes.W = width
	expected := must(tlog.ReadTileData(hashes, reader))
	if tile.L == -1 {
		var of []byte
		for _, entry := range must(entries(found)) {
			hash := tlog.RecordHash(entry)
			of = append(of, hash[:]...)
		}
		found = of
	}
	if !bytes.Equal(found, expected) {
		return fmt.Errorf("%s is not what was signed", dir.path(tile))
	}
	return nil
}

func checkProof(leaf, path, vkey string) {
	head, signed, _ := strings.Cut(string(must(os.ReadFile(path))), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		refuseIf(fmt.Errorf("it is no tlog-proof"))
	}
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		proof = append(proof, must(tlog.ParseHash(line)))
	}
	tree := must(open([]byte(signed), vkey))
	refuseIf(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(must(os.ReadFile(leaf)))))
	fmt.Println("accepted: record", index, "of", tree.N)
}

func checkNotes() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var one struct{ Vkey, Note string }
		refuseIf(json.Unmarshal(lines.Bytes(), &one))
		_, err := open([]byte(one.Note), one.Vkey)
		fmt.Println(err == nil)
	}
}

func main() {
	switch arguments := os.Args[2:]; os.Args[1] {
	case "tree":
		checkTree(tiles(arguments[0]), arguments[1])
	case "proof":
		checkProof(arguments[0], arguments[1], arguments[2])
	case "notes":
		checkNotes()
	}
}
