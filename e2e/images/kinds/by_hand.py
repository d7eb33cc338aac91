# A program of its own kind: its socket is descriptor 3, and it says that it is ready.
import os
import signal
import socket

signal.signal(signal.SIGTERM, lambda *_: exit(0))
listener = socket.socket(fileno=3)
os.write(int(os.environ["APPSERVER_NOTIFY_FD"]), b"READY=1\n")
while True:
    client, _ = listener.accept()
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\ncommand")
    client.close()
    os.write(int(os.environ["APPSERVER_NOTIFY_FD"]), b"WATCHDOG=1\n")
