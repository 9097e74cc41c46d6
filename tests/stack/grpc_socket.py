"""As much of gRPC as it takes to ask and to answer, over HTTP/2 on a Unix socket. Bodies stay empty."""

import contextlib
import socket
import threading

import h2.config
import h2.connection
import h2.events

PATIENCE = 10


def ask(socket_path, path):
    """Sends a request for this path; the status of the answer."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(str(socket_path))
        connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        connection.initiate_connection()
        head = {":method": "POST", ":scheme": "http", ":authority": "localhost", ":path": path}
        head |= {"content-type": "application/grpc", "te": "trailers"}
        connection.send_headers(1, head.items(), end_stream=True)
        peer.sendall(connection.data_to_send())
        while data := peer.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    return int(dict(event.headers)[":status"])
            peer.sendall(connection.data_to_send())
    raise AssertionError(f"{path}: hung up without an answer")


@contextlib.contextmanager
def answering(socket_path):
    """Answers whatever is asked with 200; yields the list of paths that were asked for."""
    asked = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()
        threading.Thread(target=_accept, args=(listener, asked), daemon=True).start()
        yield asked
        # What waits for connections is told: closing alone does not wake it.
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener, asked):
    with contextlib.suppress(OSError):
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_serve, args=(peer, asked), daemon=True).start()


def _serve(peer, asked):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    with peer, contextlib.suppress(OSError):
        connection.initiate_connection()
        peer.sendall(connection.data_to_send())
        while data := peer.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    asked.append(dict(event.headers)[":path"])
                    head = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "0")]
                    connection.send_headers(event.stream_id, head, end_stream=True)
            peer.sendall(connection.data_to_send())
