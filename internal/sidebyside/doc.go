// Package sidebyside runs serialgw beside what one would use instead, goal by
// goal, and prints a table:
//
//	recording ─▶ serialgw │ references ─▶ /dev/null, a broker, a sink    goals 1 to 6
//	pty, paced ─▶ serialgw │ references ─▶ a broker ─▶ subscriber        goals 7 to 10
//
//	make side-by-side REFERENCE=../shared/bench
//
// which is the same as
//
//	go test ./internal/sidebyside -run TestGoals -v -timeout 90m -reference ../shared/bench
//
// REFERENCE is the directory with the reference programs, their recordings'
// generator and the scripts that time them; a relative one counts from the
// project's root. -goals 7,8 measures some, -runs and -secs say how often and
// how long. Programs take turns, so that a slow spell of the machine hits all
// of them, and never run at the same time; each has a time limit. Everything
// stays on loopback: a mosquitto of its own on port 18830, a sink on 18831.
//
// mosquitto, strace, time, Python with paho and pyserial are needed; NODE_PATH
// names the modules serialport and mqtt. What is missing is said in the table.
//
// There are only tests here; nothing of it is in the program.
package sidebyside
