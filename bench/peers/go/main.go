// The benchmark on Go's net/http and go-sql-driver: see ../README.md.
package main

import (
	"database/sql"
	"encoding/json"
	"flag"
	"html/template"
	"log"
	"math/rand"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

const (
	worlds  = 10000
	oneRow  = "SELECT id, randomNumber FROM World WHERE id = ?"
	all     = "SELECT id, message FROM Fortune"
	added   = "Additional fortune added at request time."
	keepFor = time.Hour
)

type world struct {
	ID           int `json:"id"`
	RandomNumber int `json:"randomNumber"`
}

type fortune struct {
	ID      int
	Message string
}

type message struct {
	Message string `json:"message"`
}

var (
	db               *sql.DB
	findOne, findAll *sql.Stmt
	hello            = []byte("Hello, World!")
	page             = template.Must(template.New("fortunes").Parse(
		"<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>" +
			"<tr><th>id</th><th>message</th></tr>" +
			"{{range .}}<tr><td>{{.ID}}</td><td>{{.Message}}</td></tr>{{end}}" +
			"</table></body></html>"))
)

func randomID() int {
	return rand.Intn(worlds) + 1
}

// count is an argument as the rules want it: 1 to 500.
func count(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 {
		return 1
	}
	if n > 500 {
		return 500
	}
	return n
}

func writeJSON(w http.ResponseWriter, value interface{}) {
	text, err := json.Marshal(value)
	if fails(w, err) {
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["Server"] = []string{"go"}
	w.Write(text)
}

func fails(w http.ResponseWriter, err error) bool {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
	return err != nil
}

func plaintext(w http.ResponseWriter, r *http.Request) {
	w.Header()["Content-Type"] = []string{"text/plain"}
	w.Header()["Server"] = []string{"go"}
	w.Write(hello)
}

func jsonHello(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, &message{"Hello, World!"})
}

func find(id int, to *world) error {
	return findOne.QueryRow(id).Scan(&to.ID, &to.RandomNumber)
}

func one(w http.ResponseWriter, r *http.Request) {
	var row world
	if fails(w, find(randomID(), &row)) {
		return
	}
	writeJSON(w, &row)
}

func several(w http.ResponseWriter, r *http.Request) {
	rows := make([]world, count(r, "queries"))
	for i := range rows {
		if fails(w, find(randomID(), &rows[i])) {
			return
		}
	}
	writeJSON(w, rows)
}

func distinctIDs(n int) []int {
	seen := make(map[int]bool, n)
	for len(seen) < n {
		seen[randomID()] = true
	}
	ids := make([]int, 0, n)
	for id := range seen {
		ids = append(ids, id)
	}
	sort.Ints(ids)
	return ids
}

// change writes all rows by one statement.
func change(rows []world) error {
	var text, ids strings.Builder
	text.WriteString("UPDATE World SET randomNumber = CASE id")
	for i, row := range rows {
		id := strconv.Itoa(row.ID)
		text.WriteString(" WHEN " + id + " THEN " + strconv.Itoa(row.RandomNumber))
		if i > 0 {
			ids.WriteByte(',')
		}
		ids.WriteString(id)
	}
	text.WriteString(" END WHERE id IN (" + ids.String() + ")")
	_, err := db.Exec(text.String())
	return err
}

func updates(w http.ResponseWriter, r *http.Request) {
	ids := distinctIDs(count(r, "queries"))
	rows := make([]world, len(ids))
	for i, id := range ids {
		if fails(w, find(id, &rows[i])) {
			return
		}
		rows[i].RandomNumber = randomID()
	}
	if fails(w, change(rows)) {
		return
	}
	writeJSON(w, rows)
}

func readFortunes() ([]fortune, error) {
	rows, err := findAll.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := make([]fortune, 0, 16)
	for rows.Next() {
		var one fortune
		if err := rows.Scan(&one.ID, &one.Message); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

func fortunes(w http.ResponseWriter, r *http.Request) {
	list, err := readFortunes()
	if fails(w, err) {
		return
	}
	list = append(list, fortune{0, added})
	sort.Slice(list, func(i, j int) bool { return list[i].Message < list[j].Message })
	w.Header()["Content-Type"] = []string{"text/html; charset=utf-8"}
	w.Header()["Server"] = []string{"go"}
	if err := page.Execute(w, list); err != nil {
		log.Print(err)
	}
}

// cache is bounded by the ids there are; what is older than keepFor is read anew.
var cache = struct {
	sync.RWMutex
	rows map[int]cached
}{rows: make(map[int]cached)}

type cached struct {
	number int
	until  time.Time
}

func findCached(id int, to *world, now time.Time) error {
	cache.RLock()
	row, ok := cache.rows[id]
	cache.RUnlock()
	if ok && now.Before(row.until) {
		to.ID, to.RandomNumber = id, row.number
		return nil
	}
	if err := find(id, to); err != nil {
		return err
	}
	cache.Lock()
	cache.rows[id] = cached{to.RandomNumber, now.Add(keepFor)}
	cache.Unlock()
	return nil
}

func cachedQueries(w http.ResponseWriter, r *http.Request) {
	rows, now := make([]world, count(r, "count")), time.Now()
	for i := range rows {
		if fails(w, findCached(randomID(), &rows[i], now)) {
			return
		}
	}
	writeJSON(w, rows)
}

func prepare(text string) *sql.Stmt {
	statement, err := db.Prepare(text)
	if err != nil {
		log.Fatal(err)
	}
	return statement
}

func openDatabase(size int) {
	var err error
	db, err = sql.Open("mysql", os.Getenv("TFB_DB_USER")+":"+os.Getenv("TFB_DB_PASSWORD")+"@tcp("+
		os.Getenv("TFB_DB_HOST")+":"+os.Getenv("TFB_DB_PORT")+")/"+os.Getenv("TFB_DB_NAME")+"?collation=utf8mb4_bin")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	findOne, findAll = prepare(oneRow), prepare(all)
	http.HandleFunc("/db", one)
	http.HandleFunc("/queries", several)
	http.HandleFunc("/updates", updates)
	http.HandleFunc("/fortunes", fortunes)
	http.HandleFunc("/cached-queries", cachedQueries)
}

func main() {
	bind := flag.String("bind", "127.0.0.1:8080", "address")
	flag.Parse()
	rand.Seed(time.Now().UnixNano())
	http.HandleFunc("/plaintext", plaintext)
	http.HandleFunc("/json", jsonHello)
	if size, err := strconv.Atoi(os.Getenv("TFB_DB_POOL")); err == nil {
		openDatabase(size)
	}
	log.Fatal(http.ListenAndServe(*bind, nil))
}
