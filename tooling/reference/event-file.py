"""Records of TensorBoard's own protos and record writer.

python -m venv venv && venv/bin/pip install tensorboard==2.21.0 protobuf==7.36.2
venv/bin/python tooling/reference/event-file.py > packages/cli/test/reference/event-file.json
"""
import io, json, tensorboard, google.protobuf
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

class Sink(io.BytesIO):
    def close(self): pass
def records(*events):
    sink = Sink(); writer = RecordWriter(sink)
    for event in events: writer.write(event.SerializeToString())
    return sink.getvalue().hex()
start = records(
    Event(wall_time=1000.5, file_version="brain.Event:2"),
    Event(wall_time=1000.5, step=301, session_log=SessionLog(status=SessionLog.START)))
png = bytes(range(200))
image = Summary.Image(height=3, width=300, colorspace=3, encoded_image_string=png)
step = records(Event(wall_time=1001.25, step=1000000, summary=Summary(value=[
    Summary.Value(tag="loss", simple_value=0.125),
    Summary.Value(tag="samples", image=image)])))
print(json.dumps({"provenance": f"tooling/reference/event-file.py, tensorboard {tensorboard.__version__}, protobuf {google.protobuf.__version__}", "start": start, "step": step}, indent=2))
